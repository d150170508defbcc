package codec

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

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

// BenchmarkDecode decodes whole groups, each with its timestamps and all of its columns into one
// buffer, with each set of kernels that runs here. Timestamps are not counted as samples, their time is.
// What it gave is in docs/benchmarks.md.
func BenchmarkDecode(b *testing.B) {
	const (
		targets = 12   // of which every third is jittered
		rows    = 1440 // six hours
	)
	for _, name := range []string{"hot", "cold"} {
		var e Encoder
		var blocks [targets][]byte
		samples := 0
		for i := range blocks {
			g := telemetry(rows, uint64(i))
			blocks[i], _ = e.Append(nil, g, tiers[name])
			samples += rows * len(g.Columns)
		}
		forLevels(b, name, func(b *testing.B) {
			var r GroupReader
			var times []int64
			values := make([]float64, 0, samples/targets)
			for b.Loop() {
				for _, block := range blocks {
					err := r.Reset(block)
					if err != nil {
						b.Fatal(err)
					}
					if times, err = r.Times(times[:0], 0); err != nil {
						b.Fatal(err)
					}
					values = values[:0]
					for i := range r.Columns() {
						if values, err = r.Floats(values, i); err != nil {
							b.Fatal(err)
						}
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(samples), "ns/sample")
			b.ReportMetric(float64(b.N)*float64(samples)/b.Elapsed().Seconds()/1e6, "Msamples/s")
		})
	}
}

// report adds time and bytes per sample.
func report(b *testing.B, g *Group, block []byte) {
	samples := float64(len(g.Columns) * len(g.Times[0]))
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/samples, "ns/sample")
	b.ReportMetric(float64(len(block))/samples, "bytes/sample")
}

// BenchmarkUnpack and the ones below are one frame, with each set of kernels that runs here.
func BenchmarkUnpack(b *testing.B) {
	for _, w := range []int{1, 7, 12, 20, 33, 52, 64} {
		var values, got [frameLen]uint64
		for i := range values {
			values[i] = uint64(i) * 0x9e3779b97f4a7c15 >> (64 - w)
		}
		packed := append(appendPacked(nil, values[:], w), make([]byte, 64)...)
		benchmarkFrame(b, fmt.Sprint(w), func() { unpack(got[:], packed, w) })
	}
}

func BenchmarkRestore(b *testing.B) {
	var ks [frameLen]int64
	var mapped [frameLen]uint64
	for kind, name := range map[predictor]string{predictNone: "none", predictLast: "last", predictMean4: "mean", predictLine: "line"} {
		for _, zigzag := range []bool{true, false} {
			plan := intPlan{predictor: kind, zigzag: zigzag, offset: 2}
			state := predictState{kind: kind}
			benchmarkFrame(b, fmt.Sprintf("%s/zigzag=%v", name, zigzag), func() { state.restoreFrom(ks[:], mapped[:], &plan) })
		}
	}
}

func BenchmarkScale(b *testing.B) {
	var ks [frameLen]int64
	var values [frameLen]float64
	for name, s := range map[string]scale{"e=0": {gcd: 1}, "e=3": {gcd: 1, unit: unit{exponent: 3}}, "gcd": {gcd: 3}} {
		benchmarkFrame(b, name, func() { s.values(values[:], ks[:]) })
	}
	benchmarkFrame(b, "bits", func() { bitsValues(values[:], ks[:], 3) })
}

func BenchmarkChain(b *testing.B) {
	var ks, base, differences [frameLen]int64
	var values [frameLen]float64
	benchmarkFrame(b, "difference", func() { addDifferences(values[:], ks[:], base[:], differences[:], false) })
}

func BenchmarkSpread(b *testing.B) {
	bitmap := []uint64{0x0101_0101_0101_0101, 0x2492_4924_9249_2492} // a new value in every eighth, then every third row
	n := countBits(bitmap)
	var values [frameLen]float64
	benchmarkFrame(b, "eighth and third", func() { spread(values[:], n, bitmap) })
}

func benchmarkFrame(b *testing.B, name string, frame func()) {
	forLevels(b, name, func(b *testing.B) {
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
