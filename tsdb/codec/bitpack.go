package codec

import "encoding/binary"

// Bit packing: values of w bits one after the other, the first in the lowest bits of the first byte.
// Eight values take exactly w bytes, so every eighth value starts on a byte.

// packedSize is how many bytes n values of w bits take.
func packedSize(n, w int) int { return (n*w + 7) / 8 }

// appendPacked appends values, each less than 1<<w, with w bits each.
func appendPacked(dst []byte, values []uint64, w int) []byte {
	size := packedSize(len(values), w)
	if w == 0 {
		return dst
	}
	start := len(dst)
	var word uint64 // low bits not yet written
	used := 0       // how many
	for _, v := range values {
		word |= v << used
		if used += w; used >= 64 {
			dst = binary.LittleEndian.AppendUint64(dst, word)
			used -= 64
			// A shift by 64 or more gives 0 in Go: right for used == 0.
			word = v >> (w - used)
		}
	}
	for len(dst) < start+size {
		dst = append(dst, byte(word))
		word >>= 8
	}
	return dst
}

// unpack fills dst with values of w bits from src, which holds at least packedSize(len(dst), w)
// bytes; it is faster if there are some more. w is at most 64.
func unpack(dst []uint64, src []byte, w int) {
	if kernels != levelGo {
		groups := unpackGroups(dst, src, w)
		dst, src = dst[groups*groupLen:], src[groups*w:]
	}
	if len(dst) > 0 {
		unpackGo(dst, src, w)
	}
}

// unpackGo is unpack without kernels.
func unpackGo(dst []uint64, src []byte, w int) {
	switch {
	case w == 0:
		clear(dst)
	case w <= 8:
		unpackNarrow(dst, src, w)
	case w <= 57:
		unpackWide(dst, src, w)
	case w == 64:
		for i := range dst {
			dst[i] = binary.LittleEndian.Uint64(src[8*i:])
		}
	default:
		unpackTail(dst, src, w)
	}
}

// unpackNarrow reads eight values with one load; w is 1 to 8.
func unpackNarrow(dst []uint64, src []byte, w int) {
	mask := uint64(1)<<w - 1
	shift := uint(w) & 15
	for len(dst) >= 8 && len(src) >= 8 {
		word := binary.LittleEndian.Uint64(src)
		d := dst[:8:8]
		d[0] = word & mask
		word >>= shift
		d[1] = word & mask
		word >>= shift
		d[2] = word & mask
		word >>= shift
		d[3] = word & mask
		word >>= shift
		d[4] = word & mask
		word >>= shift
		d[5] = word & mask
		word >>= shift
		d[6] = word & mask
		word >>= shift
		d[7] = word & mask
		dst, src = dst[8:], src[w:]
	}
	unpackTail(dst, src, w)
}

// unpackWide reads one value with one load; w is 9 to 57, so that a value that starts anywhere in a
// byte ends within eight bytes.
func unpackWide(dst []uint64, src []byte, w int) {
	mask := uint64(1)<<w - 1
	s1, s2, s3, s4, s5, s6, s7 := w, 2*w, 3*w, 4*w, 5*w, 6*w, 7*w
	for len(dst) >= 8 && len(src) >= w+8 {
		d := dst[:8:8]
		s := src[: w+8 : w+8]
		d[0] = binary.LittleEndian.Uint64(s) & mask
		d[1] = binary.LittleEndian.Uint64(s[s1>>3:]) >> (s1 & 7) & mask
		d[2] = binary.LittleEndian.Uint64(s[s2>>3:]) >> (s2 & 7) & mask
		d[3] = binary.LittleEndian.Uint64(s[s3>>3:]) >> (s3 & 7) & mask
		d[4] = binary.LittleEndian.Uint64(s[s4>>3:]) >> (s4 & 7) & mask
		d[5] = binary.LittleEndian.Uint64(s[s5>>3:]) >> (s5 & 7) & mask
		d[6] = binary.LittleEndian.Uint64(s[s6>>3:]) >> (s6 & 7) & mask
		d[7] = binary.LittleEndian.Uint64(s[s7>>3:]) >> (s7 & 7) & mask
		dst, src = dst[8:], src[w:]
	}
	unpackTail(dst, src, w)
}

// unpackTail reads any width and stays within packedSize(len(dst), w) bytes.
func unpackTail(dst []uint64, src []byte, w int) {
	mask := ^uint64(0) >> (64 - w)
	var word uint64
	have := 0 // bits in word
	for i := range dst {
		v := word
		if have < w {
			next, n := loadUpTo8(src)
			src = src[n:]
			v |= next << have
			word = next >> (w - have)
			have += n*8 - w
		} else {
			word >>= w
			have -= w
		}
		dst[i] = v & mask
	}
}

// loadUpTo8 reads the first eight bytes, or what there is, and says how many.
func loadUpTo8(src []byte) (uint64, int) {
	if len(src) >= 8 {
		return binary.LittleEndian.Uint64(src), 8
	}
	var v uint64
	for i, b := range src {
		v |= uint64(b) << (8 * i)
	}
	return v, len(src)
}
