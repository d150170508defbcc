package window

import (
	"encoding/binary"
	"math"
)

// paneRows is how many samples a pane has: enough that what is kept once for each (some 60 bytes) weighs a
// quarter of a byte a sample, and few enough that an open one (4 KiB) is small beside a long window. A column
// begins to move into panes when it has twice as many, so that windows of up to 500 samples, five minutes of
// one a second or two hours of one every 15 s, are not packed: packing and unpacking takes some 25 ns a sample.
const paneRows = 256

// pane is neighbouring samples of a series that no longer change, packed without loss: a window of a week
// is mostly samples that nobody looks at until its left edge comes by.
type pane struct {
	first  uint64 // number of the first sample
	newest int64  // time of the last
	packed []byte
}

// A pane is packed as
//
//	byte     samples, less one
//	byte     decimal exponent of the values, or notDecimal; with the flags gaps and steps
//	32 bytes bitmap of those that are present, where gaps is set
//	varint   time of the first sample
//	integers distances of the times
//	varint   first value, where steps is set
//	integers values; where steps is set, differences of neighbours
//
// The integer of a value is value · 10^exponent, or, where one of them is not so decimal, the bits of the
// float. Integers are the varint of their smallest, a byte for the width, and what they are above the
// smallest in as many bits.
const (
	notDecimal   = 0x0f
	exponentMask = 0x0f
	gaps         = 0x10
	steps        = 0x20
)

// maxExponent bounds the search for a decimal exponent: microseconds in seconds.
const maxExponent = 6

var powersOfTen = [maxExponent + 1]float64{1, 10, 100, 1e3, 1e4, 1e5, 1e6}

// maxDecimal is where floats cease to hold every integer.
const maxDecimal = 1 << 53

// packPane packs 1 to paneRows samples, the first of which has the number first.
func packPane(first uint64, points []point) pane {
	var distances, values, differences [paneRows]int64
	var present [paneRows / 64]uint64
	var floats [paneRows]float64
	n := 0
	for i, p := range points {
		if i > 0 {
			distances[i-1] = p.time - points[i-1].time
		}
		if !isAbsent(p.value) {
			present[i/64] |= 1 << (i % 64)
			floats[n] = p.value
			n++
		}
	}
	mode := toIntegers(values[:n], floats[:n])
	var buffer [64 + 9*2*paneRows]byte
	out := append(buffer[:0], byte(len(points)-1), 0)
	if n < len(points) {
		mode |= gaps
		for _, word := range present {
			out = binary.LittleEndian.AppendUint64(out, word)
		}
	}
	out = binary.AppendVarint(out, points[0].time)
	out = appendIntegers(out, distances[:len(points)-1])
	list := values[:n]
	for i := 1; i < n; i++ {
		differences[i-1] = values[i] - values[i-1]
	}
	if n > 1 && spreadOf(differences[:n-1]) < spreadOf(list) {
		mode |= steps
		out = binary.AppendVarint(out, values[0])
		list = differences[:n-1]
	}
	out = appendIntegers(out, list)
	out[1] = mode
	return pane{first: first, newest: points[len(points)-1].time, packed: append([]byte(nil), out...)}
}

// unpack returns the pane's samples in the given memory.
func (p *pane) unpack(into *[paneRows]point) []point {
	points := into[:int(p.packed[0])+1]
	mode, in := p.packed[1], p.packed[2:]
	n := len(points)
	var present [paneRows / 64]uint64
	if mode&gaps != 0 {
		n = 0
		for i := range present {
			present[i] = binary.LittleEndian.Uint64(in)
			in = in[8:]
		}
	}
	var list [paneRows]int64
	var t int64
	t, in = takeVarint(in)
	in = takeIntegers(in, list[:len(points)-1])
	for i := range points {
		points[i] = point{t, absent}
		t += list[i]
		if mode&gaps != 0 && present[i/64]>>(i%64)&1 == 1 {
			n++
		}
	}
	if n == 0 {
		return points
	}
	if mode&steps != 0 {
		list[0], in = takeVarint(in)
		takeIntegers(in, list[1:n])
		for i := 1; i < n; i++ {
			list[i] += list[i-1]
		}
	} else {
		takeIntegers(in, list[:n])
	}
	next := 0
	for i := range points {
		if mode&gaps == 0 || present[i/64]>>(i%64)&1 == 1 {
			points[i].value = toFloat(list[next], mode)
			next++
		}
	}
	return points
}

// toIntegers turns floats into integers and returns how.
func toIntegers(integers []int64, floats []float64) (mode byte) {
	exponent := 0
	for i := 0; i < len(floats); {
		scaled := floats[i] * powersOfTen[exponent]
		if math.Abs(scaled) < maxDecimal { // false for NaN and infinities
			integers[i] = int64(math.RoundToEven(scaled))
			if math.Float64bits(toFloat(integers[i], byte(exponent))) == math.Float64bits(floats[i]) {
				i++
				continue
			}
		}
		if exponent == maxExponent {
			for i, v := range floats {
				integers[i] = int64(math.Float64bits(v))
			}
			return notDecimal
		}
		exponent++
		i = 0
	}
	return byte(exponent)
}

func toFloat(integer int64, mode byte) float64 {
	if mode&exponentMask == notDecimal {
		return math.Float64frombits(uint64(integer))
	}
	return float64(integer) / powersOfTen[mode&exponentMask]
}
