package window

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// spreadOf is how far apart the smallest and the largest of some integers are.
func spreadOf(list []int64) uint64 {
	if len(list) == 0 {
		return 0
	}
	smallest, largest := list[0], list[0]
	for _, v := range list[1:] {
		smallest, largest = min(smallest, v), max(largest, v)
	}
	return uint64(largest - smallest) // wraps around to the right number
}

// appendIntegers packs a list of known length.
func appendIntegers(out []byte, list []int64) []byte {
	smallest := int64(math.MaxInt64)
	for _, v := range list {
		smallest = min(smallest, v)
	}
	width := bits.Len64(spreadOf(list))
	out = append(binary.AppendVarint(out, smallest), byte(width))
	var waiting uint64 // bits that do not fill a byte yet
	held := 0
	put := func(v uint64, width int) {
		waiting |= v << held
		for held += width; held >= 8; held -= 8 {
			out = append(out, byte(waiting))
			waiting >>= 8
		}
	}
	for _, v := range list {
		above := uint64(v - smallest)
		if width > 32 {
			put(above&math.MaxUint32, 32)
			put(above>>32, width-32)
		} else {
			put(above, width)
		}
	}
	if held > 0 {
		out = append(out, byte(waiting))
	}
	return out
}

// takeIntegers unpacks a list of known length and returns what follows it.
func takeIntegers(in []byte, list []int64) []byte {
	smallest, in := takeVarint(in)
	width := int(in[0])
	in = in[1:]
	var waiting uint64
	held := 0
	take := func(width int) uint64 {
		for ; held < width; held += 8 {
			waiting |= uint64(in[0]) << held
			in = in[1:]
		}
		v := waiting & (1<<width - 1)
		waiting >>= width
		held -= width
		return v
	}
	for i := range list {
		var above uint64
		if width > 32 {
			above = take(32)
			above |= take(width-32) << 32
		} else {
			above = take(width)
		}
		list[i] = smallest + int64(above)
	}
	return in
}

func takeVarint(in []byte) (int64, []byte) {
	v, n := binary.Varint(in)
	return v, in[n:]
}
