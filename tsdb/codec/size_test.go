package codec

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestSizes states what columns may take, in bytes per sample, in the cold tier. The data are fixed,
// so a change of a figure is a change of the codec.
func TestSizes(t *testing.T) {
	const rows = 4000
	r := rand.New(rand.NewPCG(11, 12))
	f := func(name string, most float64, value func(i int) float64) {
		t.Helper()
		values := make([]float64, rows)
		for i := range values {
			values[i] = value(i)
		}
		var e Encoder
		block, err := e.Append(nil, one(values...), Cold)
		if err != nil {
			t.Fatal(err)
		}
		if err := compare(one(values...), block); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if size := float64(len(block)) / rows; size > most {
			t.Errorf("%s takes %.4f bytes per sample, at most %.4f are expected", name, size, most)
		}
	}
	var sum float64
	f("constant", 0.01, func(int) float64 { return 2.5 })
	f("straight line", 0.02, func(i int) float64 { return float64(i) * 15 })
	f("counter of 0 to 49", 0.78, func(int) float64 { sum += float64(r.IntN(50)); return sum })
	f("digits", 0.46, func(int) float64 { return float64(r.IntN(10)) / 10 }) // log2(10) bits are 0.415 bytes
	f("multiples of 2 MiB", 0.45, func(int) float64 { return float64(5+r.IntN(10)) * (2 << 20) })
	f("float32", 0.95, func(int) float64 { return float64(float32(r.IntN(100)) / 10) })
	f("share of 2781 blocks", 0.86, func(int) float64 { return float64(r.IntN(64)) / 2781 })
	f("rest of 2781 blocks", 0.86, func(int) float64 { return 1 - float64(2781-r.IntN(64))/2781 })
	f("milliseconds times 0.001", 0.86, func(int) float64 { return float64(r.IntN(64)) * 0.001 })
	f("microseconds by 1000 by 1000", 0.86, func(int) float64 { return float64(r.IntN(64)+7e6) / 1000 / 1000 })
	sum = 0
	f("sum of nanoseconds", 3.2, func(int) float64 { sum += float64(5e6+r.IntN(1e6)) / 1e9; return sum })
	f("every twentieth row new", 0.08, func(i int) float64 {
		if i%20 == 0 {
			sum = float64(r.IntN(100)) / 1000
		}
		return sum
	})
	f("alternating", 0.03, func(i int) float64 { return []float64{math.Pi, math.E}[i%2] })
	f("noise of 52 bits", 6.8, func(int) float64 { return 1 + r.Float64() })
}

// TestRelationsAreFree checks that a column costs next to nothing when others say the same.
func TestRelationsAreFree(t *testing.T) {
	g := telemetry(3000, 1) // an instance that does not restart
	base, tail := g.Columns, []Column{}
	requests, tokens, latency := base[telemetryRequests].Floats, base[telemetryTokensIn].Floats, base[telemetryMean].Floats
	add := func(value func(i int) float64) {
		c := Column{Floats: make([]float64, len(requests))}
		for i := range c.Floats {
			c.Floats[i] = value(i)
		}
		tail = append(tail, c)
	}
	size := func(columns []Column) int {
		var e Encoder
		whole := &Group{Times: g.Times, Columns: columns}
		block, err := e.Append(nil, whole, Cold)
		if err != nil {
			t.Fatal(err)
		}
		if err := compare(whole, block); err != nil {
			t.Fatal(err)
		}
		return len(block)
	}
	alone := size(base)
	weighted := 0.0
	add(func(i int) float64 { return requests[i] })
	add(func(i int) float64 { return requests[i] + 1000 })
	add(func(i int) float64 { return tokens[i] + requests[i] })
	add(func(i int) float64 { return tokens[i] - requests[i] })
	add(func(i int) float64 { return tokens[i] / 1000 })
	add(func(i int) float64 { return requests[i] * 4096 })
	add(func(i int) float64 {
		if i > 0 {
			weighted += (requests[i] - requests[i-1]) * latency[i]
		}
		return weighted
	})
	if more := size(append(base[:len(base):len(base)], tail...)) - alone; more > 60*len(tail) {
		t.Errorf("%d columns that others explain take %d bytes", len(tail), more)
	}
}

// TestMultiples checks that a column takes no more than what another one does not tell of it.
func TestMultiples(t *testing.T) {
	const rows = 4000
	r := rand.New(rand.NewPCG(5, 6))
	requests, tokens := make([]float64, rows), make([]float64, rows)
	for i := 1; i < rows; i++ {
		n := float64(10 + r.IntN(60))
		requests[i] = requests[i-1] + n
		tokens[i] = tokens[i-1] + math.Round(n*733.4+200*r.NormFloat64())
	}
	g := &Group{Times: [][]int64{steady(rows)}, Columns: []Column{{Floats: tokens}, {Floats: requests}}}
	var e Encoder
	block, err := e.Append(nil, g, Cold)
	if err != nil {
		t.Fatal(err)
	}
	if err := compare(g, block); err != nil {
		t.Fatal(err)
	}
	// log2(60) bits of requests, and a normal distribution's log2(200*sqrt(2*pi*e)) of tokens; alone the
	// tokens would take log2(733.4*60).
	if size, ideal := float64(len(block)), rows*(5.91+9.69)/8; size > 1.1*ideal {
		t.Errorf("requests and tokens take %.0f bytes, at most a tenth more than %.0f are expected", size, ideal)
	}
}

// TestTimesShareOneAxis checks that a steady axis costs a handful of bytes, a jittering one little
// more than its jitter.
func TestTimesShareOneAxis(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	jitter := steady(4000)
	for i := range jitter {
		jitter[i] += r.Int64N(8) // 3 bits
	}
	short := steady(200)
	for i := range short {
		short[i] += r.Int64N(4) * r.Int64N(16) // seldom late, 0 to 45
	}
	for _, axis := range []struct {
		times []int64
		most  int
	}{{steady(4000), 40}, {jitter, 4000*3/8 + 120}, {short, 200}} {
		var e Encoder
		block, err := e.Append(nil, &Group{Times: [][]int64{axis.times}}, Cold)
		if err != nil || len(block) > axis.most {
			t.Errorf("an axis takes %d bytes, at most %d are expected (%v)", len(block), axis.most, err)
		}
	}
}
