package codec

import (
	"math"
	"testing"
)

var (
	staleMarker = math.Float64frombits(0x7ff0000000000002)
	negZero     = math.Copysign(0, -1)
)

// steady returns n timestamps 15 s apart.
func steady(n int) []int64 {
	times := make([]int64, n)
	for i := range times {
		times[i] = 1_760_000_000_000 + int64(i)*15_000
	}
	return times
}

// one is a group of one column.
func one(values ...float64) *Group {
	return &Group{Times: [][]int64{steady(len(values))}, Columns: []Column{{Floats: values}}}
}

func TestFloatsComeBackBitForBit(t *testing.T) {
	for name, values := range map[string][]float64{
		"one":             {42},
		"zero":            {0},
		"minus zero":      {negZero},
		"zeros":           {0, negZero, 0, negZero},
		"stale":           {staleMarker},
		"stale at ends":   {staleMarker, 1, 2, 3, staleMarker},
		"NaN payloads":    {math.NaN(), math.Float64frombits(0x7ff8000000000123), math.Float64frombits(0xfff0000000000001), 1},
		"infinities":      {math.Inf(1), 1, math.Inf(-1), 2, math.Inf(1)},
		"denormals":       {math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, 5e-310, 0},
		"extremes":        {math.MaxFloat64, -math.MaxFloat64, math.MaxFloat64, 1},
		"2^53 and around": {1 << 53, 1<<53 - 1, 1<<53 + 2, -1 << 53},
		"2^63 and around": {1 << 63, -1 << 63, 1 << 62, 1<<62 + 1024, math.MaxInt64},
		"decimals":        {0.1, 0.2, 0.3, 0.7, 1.1, 2.675, 1e-7, 123456.789},
		"sum of decimals": {0.1, 0.1 + 0.2, 0.1 + 0.2 + 0.3, 1.0 + 0.1},
		"float32":         {float64(float32(0.1)), float64(float32(0.2)), float64(float32(0.7))},
		"multiples":       {4096, 8192, 4096 * 77, -4096 * 3},
		"multiples + 3":   {4099, 8195, 4096*77 + 3, -4096*3 + 3},
	} {
		t.Run(name, func(t *testing.T) { roundTrip(t, one(values...)) })
	}
}

func TestRandomGroupsComeBack(t *testing.T) {
	r := seeded(t)
	for range 150 {
		roundTrip(t, randomGroup(r))
	}
}

// TestVersions checks that blocks of the version before are read, and of no other.
func TestVersions(t *testing.T) {
	var e Encoder
	block, err := e.Append(nil, one(1, 2, 4), Hot)
	if err != nil {
		t.Fatal(err)
	}
	for v, readable := range []bool{false, true, true, false} {
		block[len(magic)] = byte(v)
		if _, err := OpenGroup(block); (err == nil) != readable {
			t.Errorf("version %d: %v", v, err)
		}
	}
}
