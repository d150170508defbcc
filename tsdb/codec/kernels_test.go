package codec

import (
	"math"
	"slices"
	"testing"
)

// TestKernelsEqualGo compares each kernel with the Go function it replaces, on random frames.
func TestKernelsEqualGo(t *testing.T) {
	if !useAVX512 {
		t.Skip("this machine has no AVX-512 with VBMI")
	}
	r := seeded(t)
	for range 2000 {
		w := r.IntN(65)
		var values, mapped, want [frameLen]uint64
		for i := range values {
			values[i] = r.Uint64() & (1<<w - 1)
		}
		packed := appendPacked(nil, values[:], w) // exactly: a kernel that reads more has nothing to read
		unpack(mapped[:], packed, w)
		unpackGo(want[:], packed, w)
		if mapped != want || want != values {
			t.Fatalf("width %d: unpacked %v, want %v", w, mapped, values)
		}
		last, offset := r.Int64()-r.Int64(), r.Int64N(1000)-500
		for _, zigzag := range []bool{true, false} {
			var ks, wantKs [frameLen]int64
			end := restoreLast(ks[:], mapped[:], last, offset, zigzag)
			if wantEnd := restoreLastGo(wantKs[:], mapped[:], last, offset, zigzag); ks != wantKs || end != wantEnd {
				t.Fatalf("zigzag %v: %v, want %v", zigzag, ks, wantKs)
			}
			for _, u := range []unit{{}, {exponent: 3}, {exponent: 17}, {kind: unitRatio, whole: 97}} {
				var got, want [frameLen]float64
				u.values(got[:], ks[:])
				u.valuesGo(want[:], ks[:])
				if !slices.EqualFunc(got[:], want[:], func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }) {
					t.Fatalf("unit %+v: %v, want %v", u, got, want)
				}
			}
		}
	}
}

// TestUnpackStaysInside unpacks from the very end of a slice, every width and length.
func TestUnpackStaysInside(t *testing.T) {
	r := seeded(t)
	for w := range 65 {
		for n := range frameLen + 1 {
			values, got := make([]uint64, n), make([]uint64, n)
			for i := range values {
				values[i] = r.Uint64() & (1<<w - 1)
			}
			packed := appendPacked(nil, values, w)
			if len(packed) != packedSize(n, w) {
				t.Fatalf("%d values of %d bits take %d bytes, want %d", n, w, len(packed), packedSize(n, w))
			}
			if unpack(got, slices.Clip(packed), w); !slices.Equal(got, values) {
				t.Fatalf("%d values of %d bits: %v, want %v", n, w, got, values)
			}
		}
	}
}
