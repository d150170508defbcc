package codec

import (
	"math"
	"math/rand/v2"
	"strconv"
)

// The columns that telemetry returns, in the order in which the store lays out a group: plain ones,
// then the buckets of the histogram.
const (
	telemetryRequests = iota
	telemetryFailures
	telemetryTimeouts
	telemetryTokensIn
	telemetryTokensOut
	telemetryCount // _count of the histogram: the requests again
	telemetrySum
	telemetryMean
	telemetryAccuracy
	telemetryDrift
	telemetryQueue
	telemetryUtilization
	telemetryMemory
	telemetryBuckets // the first of len(latencyBounds) + 1
)

// latencyBounds are the upper bounds of the buckets in seconds, without +Inf.
var latencyBounds = [...]float64{0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 3, 5, 10}

// telemetry is one instance of the model servers that `heddle bench storage` simulates, 25 series
// every 15 s: the figures of both are about the same data. Every third instance is scraped with a jitter.
func telemetry(rows int, seed uint64) *Group {
	r := rand.New(rand.NewPCG(1, seed))
	columns := make([]Column, telemetryBuckets+len(latencyBounds)+1)
	for i := range columns {
		columns[i].Floats = make([]float64, rows)
		if i >= telemetryBuckets {
			columns[i].Family = 1
		}
	}
	times := make([]int64, rows)
	start := 1_760_000_000_000 + r.Int64N(15_000)
	perStep, phase := math.Exp(r.Float64()*4)*3, r.Float64()*2*math.Pi
	usualLocation, spread := math.Log(0.2+0.8*r.Float64()), 0.4+0.3*r.Float64()
	failureRate := 0.002 + 0.01*r.Float64()
	promptTokens, answerTokens := 100+900*r.Float64(), 50+450*r.Float64()
	usualAccuracy := 0.85 + 0.12*r.Float64()
	location := usualLocation
	now := make([]float64, len(columns))
	now[telemetryAccuracy] = round(usualAccuracy, 4)
	now[telemetryUtilization] = float64(20 + r.IntN(60))
	now[telemetryMemory] = float64(8+r.IntN(56)) * (1 << 30)
	buckets := now[telemetryBuckets:]
	for row := range rows {
		times[row] = start + int64(row)*15_000
		if seed%3 == 0 {
			times[row] += r.Int64N(11) - 5
		}
		if r.IntN(2880) == 0 { // a restart about twice a day
			clear(now[:telemetryMean])
			clear(buckets)
		}
		location += 0.03*(usualLocation-location) + 0.05*r.NormFloat64()
		n := poisson(r, perStep*(1+0.6*math.Sin(2*math.Pi*float64(row)/5760+phase)))
		sum := 0.0
		for range n {
			latency := math.Exp(location + spread*r.NormFloat64())
			sum += latency
			buckets[len(latencyBounds)]++
			for i := len(latencyBounds) - 1; i >= 0 && latency <= latencyBounds[i]; i-- {
				buckets[i]++
			}
			now[telemetryTokensIn] += math.Ceil(promptTokens * r.ExpFloat64())
			now[telemetryTokensOut] += math.Ceil(answerTokens * r.ExpFloat64())
			switch chance := r.Float64(); {
			case chance < failureRate:
				now[telemetryFailures]++
			case chance < 1.5*failureRate:
				now[telemetryTimeouts]++
			}
		}
		now[telemetryRequests], now[telemetryCount] = buckets[len(latencyBounds)], buckets[len(latencyBounds)]
		now[telemetrySum] += sum
		if n > 0 {
			now[telemetryMean] = sum / float64(n)
		}
		now[telemetryQueue] = float64(poisson(r, perStep/15*now[telemetryMean]))
		if accuracy := &now[telemetryAccuracy]; r.IntN(2) == 0 {
			*accuracy = round(min(1, *accuracy+0.2*(usualAccuracy-*accuracy)+0.003*r.NormFloat64()), 4)
		}
		if row%20 == 0 {
			now[telemetryDrift] = round(math.Abs(0.05+0.03*r.NormFloat64()), 3)
		}
		now[telemetryUtilization] = min(100, max(0, math.Round(now[telemetryUtilization]+6*r.NormFloat64())))
		if r.IntN(3) == 0 {
			now[telemetryMemory] = min(80<<30, max(1<<30, now[telemetryMemory]+float64(r.IntN(129)-64)*(2<<20)))
		}
		for i, v := range now {
			columns[i].Floats[row] = v
		}
	}
	return &Group{Times: [][]int64{times}, Columns: columns}
}

// poisson draws a number of events (Knuth, The Art of Computer Programming, vol. 2, 3.4.1).
func poisson(r *rand.Rand, mean float64) int {
	limit, product, n := math.Exp(-mean), r.Float64(), 0
	for product > limit {
		product *= r.Float64()
		n++
	}
	return n
}

// round gives the float64 nearest to the decimal, as a program does that prints and parses it.
func round(x float64, digits int) float64 {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'f', digits, 64), 64)
	return rounded
}
