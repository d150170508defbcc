package codec

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// FuzzDecode feeds arbitrary bytes to every decoder. A block is either read or refused with an
// offset inside it; nothing panics, and what is read respects its own bounds.
func FuzzDecode(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		var e Encoder
		for _, tier := range []Tier{Hot, Cold} {
			block, err := e.Append(nil, randomGroup(r), tier)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(block)
		}
		f.Add(e.AppendExemplars(nil, randomExemplars(r, r.IntN(50))))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		checkRefusal(t, len(src), decodeAll(src))
		checkLevels(t, src)
		_, err := DecodeExemplars(nil, src)
		checkRefusal(t, len(src), err)
	})
}

// decodeAll reads all of a block and returns the first error.
func decodeAll(src []byte) error {
	r, err := OpenGroup(src)
	if err != nil {
		return err
	}
	keep := func(e error) {
		if err == nil {
			err = e
		}
	}
	for i := range r.Axes() {
		_, e := r.Times(nil, i)
		keep(e)
	}
	for i := range r.Columns() {
		info, e := r.Column(i)
		keep(e)
		if e != nil {
			continue
		}
		present, e := r.Present(i)
		keep(e)
		if present != nil && (len(present) != bitmapWords(info.Rows) || countBits(present) != info.Samples) {
			panic("presence does not match the column")
		}
		_, e = r.Starts(nil, i)
		keep(e)
		switch info.Kind {
		case KindFloat:
			values, e := r.Floats(nil, i)
			keep(e)
			if e == nil && len(values) != info.Samples {
				panic("not as many values as samples")
			}
		case KindHistogram:
			for _, e := range r.Histograms(i) {
				keep(e)
			}
		case KindFloatHistogram:
			for _, e := range r.FloatHistograms(i) {
				keep(e)
			}
		}
	}
	return err
}

// checkLevels checks that float columns are read alike, or refused alike, with every set of kernels.
func checkLevels(t *testing.T, src []byte) {
	t.Helper()
	var readers [levelAVX512 + 1]GroupReader
	best := kernels
	defer func() { kernels = best }()
	for i := range readers {
		if readers[i].Reset(src) != nil {
			return
		}
	}
	for i := range readers[0].Columns() {
		kernels = levelGo
		want, wantErr := readers[levelGo].Floats(nil, i)
		for kernels = levelGo + 1; kernels <= best; kernels++ {
			got, err := readers[kernels].Floats(nil, i)
			if (err == nil) != (wantErr == nil) || firstDifference(got, want) >= 0 {
				t.Fatalf("column %d with %v: %d values, %v; with %v: %d values, %v", i, kernels, len(got), err, levelGo, len(want), wantErr)
			}
		}
	}
}

// checkRefusal checks that an error about a block says where in it.
func checkRefusal(t *testing.T, size int, err error) {
	t.Helper()
	if err == nil {
		return
	}
	var at *CorruptionError
	if !errors.As(err, &at) || !errors.Is(err, ErrCorrupt) || at.Offset < 0 || at.Offset > size {
		t.Fatalf("%d bytes refused with %#v", size, err)
	}
}

// FuzzFloatsRoundTrip reads the input as bit patterns, and as bytes from which a structured stream
// is drawn.
func FuzzFloatsRoundTrip(f *testing.F) {
	f.Add([]byte("0123456789abcdef"), uint64(1))
	f.Fuzz(func(t *testing.T, src []byte, seed uint64) {
		if len(src) > 8*4096 {
			return
		}
		var values []float64
		for ; len(src) >= 8; src = src[8:] {
			values = append(values, math.Float64frombits(binary.LittleEndian.Uint64(src)))
		}
		if len(values) > 0 {
			roundTrip(t, one(values...))
		}
		r := rand.New(rand.NewPCG(seed, 3))
		roundTrip(t, one(randomFloats(r, 1+r.IntN(2000))...))
	})
}

// TestDamagedBlocksAreRefusedOrRead flips, cuts and overwrites bytes of real blocks. The store has
// checksums; this is the second line.
func TestDamagedBlocksAreRefusedOrRead(t *testing.T) {
	r := seeded(t)
	for range 60 {
		var e Encoder
		block, err := e.Append(nil, randomGroup(r), Tier(r.IntN(2)))
		if err != nil {
			t.Fatal(err)
		}
		for range 50 {
			damaged := append([]byte(nil), block...)
			for range 1 + r.IntN(3) {
				damaged[r.IntN(len(damaged))] = byte(r.Uint32())
			}
			if r.IntN(3) == 0 {
				damaged = damaged[:r.IntN(len(damaged))]
			}
			checkRefusal(t, len(damaged), decodeAll(damaged))
			checkLevels(t, damaged)
		}
	}
}
