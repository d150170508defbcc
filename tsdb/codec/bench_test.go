package codec

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// telemetry is a small model of what one instance of an AI model exports: counters, a classic
// histogram with its count and sum, decimal gauges, and a gauge with a full mantissa.
func telemetry(rows int, seed uint64) *Group {
	r := rand.New(rand.NewPCG(seed, 7))
	const buckets = 12
	names := []string{"requests", "errors", "tokens"}
	columns := make([]Column, len(names)+buckets+6)
	for i := range columns {
		columns[i].Floats = make([]float64, rows)
		if b := i - len(names); b >= 0 && b < buckets {
			columns[i].Family = 1
		}
	}
	times := make([]int64, rows)
	var counts [buckets]float64
	var requests, failed, tokens, sum float64
	accuracy, memory := 0.9312, 24e9
	for row := range rows {
		times[row] = 1_760_000_000_000 + int64(row)*15_000 + r.Int64N(4)
		n := 20 + r.IntN(30)
		mean := 0
		for range n {
			b := min(buckets-1, max(0, int(5+1.6*r.NormFloat64())))
			mean += b
			for ; b < buckets; b++ {
				counts[b]++
			}
		}
		latency := (float64(mean)/float64(n) + 0.1*r.Float64()) / 10
		requests += float64(n)
		failed += float64(r.IntN(2) * r.IntN(3))
		tokens += float64(n * (300 + r.IntN(60)))
		sum += float64(n) * latency
		if r.IntN(2) == 0 {
			accuracy = math.Round((accuracy+0.1*(0.93-accuracy)+0.003*r.NormFloat64())*1e4) / 1e4
		}
		if r.IntN(3) == 0 {
			memory += float64(r.IntN(129)-64) * (2 << 20)
		}
		values := []float64{requests, failed, tokens}
		values = append(values, counts[:]...)
		values = append(values, sum, requests, accuracy, memory, float64(r.IntN(100)), latency)
		for i, v := range values {
			columns[i].Floats[row] = v
		}
	}
	return &Group{Times: [][]int64{times}, Columns: columns}
}

var tiers = map[string]Tier{"hot": Hot, "cold": Cold}

// BenchmarkEncode encodes blocks as they are flushed with few series and with a million, and compacted.
func BenchmarkEncode(b *testing.B) {
	for _, c := range []struct {
		tier string
		rows int
	}{{"hot", 2000}, {"hot", 48}, {"cold", 2000}} {
		b.Run(fmt.Sprintf("%s/%d", c.tier, c.rows), func(b *testing.B) {
			g := telemetry(c.rows, 1)
			var e Encoder
			var block []byte
			for b.Loop() {
				block, _ = e.Append(block[:0], g, tiers[c.tier])
			}
			report(b, g, block)
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"hot", "cold"} {
		b.Run(name, func(b *testing.B) {
			g := telemetry(2000, 1)
			var e Encoder
			block, _ := e.Append(nil, g, tiers[name])
			var values []float64
			var r GroupReader
			for b.Loop() {
				err := r.Reset(block)
				if err != nil {
					b.Fatal(err)
				}
				for i := range r.Columns() {
					if values, err = r.Floats(values[:0], i); err != nil {
						b.Fatal(err)
					}
				}
			}
			report(b, g, block)
		})
	}
}

// report adds time and bytes per sample.
func report(b *testing.B, g *Group, block []byte) {
	samples := float64(len(g.Columns) * len(g.Times[0]))
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/samples, "ns/sample")
	b.ReportMetric(float64(len(block))/samples, "bytes/sample")
}

// BenchmarkUnpack, BenchmarkRestore and BenchmarkDivide are one frame, as it is decoded here and in
// plain Go.
func BenchmarkUnpack(b *testing.B) {
	for _, w := range []int{1, 7, 12, 20, 33, 52, 64} {
		var values, got [frameLen]uint64
		for i := range values {
			values[i] = uint64(i) * 0x9e3779b97f4a7c15 >> (64 - w)
		}
		packed := append(appendPacked(nil, values[:], w), make([]byte, 64)...)
		benchmarkFrame(b, fmt.Sprintf("%d/here", w), func() { unpack(got[:], packed, w) })
		benchmarkFrame(b, fmt.Sprintf("%d/go", w), func() { unpackGo(got[:], packed, w) })
	}
}

func BenchmarkRestore(b *testing.B) {
	var ks [frameLen]int64
	var mapped [frameLen]uint64
	for _, zigzag := range []bool{true, false} {
		benchmarkFrame(b, fmt.Sprintf("zigzag=%v/here", zigzag), func() { restoreLast(ks[:], mapped[:], 1, 2, zigzag) })
		benchmarkFrame(b, fmt.Sprintf("zigzag=%v/go", zigzag), func() { restoreLastGo(ks[:], mapped[:], 1, 2, zigzag) })
	}
}

func BenchmarkDivide(b *testing.B) {
	var ks [frameLen]int64
	var values [frameLen]float64
	for _, u := range []unit{{}, {exponent: 3}} {
		benchmarkFrame(b, fmt.Sprintf("e=%d/here", u.exponent), func() { u.values(values[:], ks[:]) })
		benchmarkFrame(b, fmt.Sprintf("e=%d/go", u.exponent), func() { u.valuesGo(values[:], ks[:]) })
	}
}

func benchmarkFrame(b *testing.B, name string, frame func()) {
	b.Run(name, func(b *testing.B) {
		for b.Loop() {
			frame()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/frameLen, "ns/value")
	})
}

// BenchmarkColumn decodes one column of 8192 samples of a sort.
func BenchmarkColumn(b *testing.B) {
	const rows = 8192
	r := rand.New(rand.NewPCG(3, 4))
	sorts := map[string]func(i int, last float64) float64{
		"counter":  func(_ int, last float64) float64 { return last + float64(r.IntN(50)) },
		"decimals": func(_ int, _ float64) float64 { return math.Round(4000+100*r.NormFloat64()) / 100 },
		"mantissa": func(_ int, _ float64) float64 { return r.ExpFloat64() },
		"sparse":   func(_ int, last float64) float64 { return last + float64(r.IntN(100)/99) },
	}
	for _, sort := range []string{"counter", "decimals", "mantissa", "sparse"} {
		values := make([]float64, rows)
		last := 0.0
		for i := range values {
			last = sorts[sort](i, last)
			values[i] = last
		}
		for _, tier := range []string{"hot", "cold"} {
			b.Run(sort+"/"+tier, func(b *testing.B) {
				g := one(values...)
				var e Encoder
				block, _ := e.Append(nil, g, tiers[tier])
				r, _ := OpenGroup(block)
				var got []float64
				for b.Loop() {
					got, _ = r.Floats(got[:0], 0)
				}
				report(b, g, block)
			})
		}
	}
}

// BenchmarkTokens decodes entropy-coded numbers: with tokens only, and with raw bits.
func BenchmarkTokens(b *testing.B) {
	for _, scale := range []float64{2, 200} {
		b.Run(fmt.Sprint(scale), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			values := make([]uint64, 64*frameLen)
			for i := range values {
				values[i] = uint64(r.ExpFloat64() * scale)
			}
			var counts tokenCounts
			counts.add(values)
			e := Encoder{tables: []*table{newTable(&counts, len(values))}}
			stream := e.appendEntropy(nil, 0, values)
			tables := &tableSet{items: make([]item, 1), tables: e.tables}
			var got [frameLen]uint64
			for b.Loop() {
				c := &cursor{src: stream}
				reader := readEntropy(c, len(values), tables)
				for range len(values) / frameLen {
					reader.next(got[:], c)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(values)), "ns/value")
		})
	}
}
