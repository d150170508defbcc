package remotestore

import (
	"errors"
	"maps"
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/histogram"
)

// The API's digits for which bounds belong to a bucket, which tell where it lies.
const (
	upperBelongs = 0 // a bucket of positive observations
	lowerBelongs = 1 // of negative ones
	bothBelong   = 3 // of those around zero
)

var errBounds = errors.New("its native histograms have buckets of bounds of their own, which the API does not give whole; " +
	"use --data with a copy of the data, or the classic form of the metric")

const (
	// finestSchema and coarsestSchema are those of native histograms with exponential buckets.
	finestSchema, coarsestSchema = 8, -4
	// hiddenZeroThreshold is that of client libraries, 2⁻¹²⁸: it is not told while nothing lies below it.
	hiddenZeroThreshold = 0x1p-128
)

// decode makes the histogram of its buckets, whose bounds are powers of 2^2^−schema. The API does not
// tell the schema; it follows from how far the bounds of the widest bucket are apart.
func (p *histogramPoint) decode() (*histogram.FloatHistogram, error) {
	h := &histogram.FloatHistogram{Count: float64(p.Count), Sum: float64(p.Sum), ZeroThreshold: hiddenZeroThreshold}
	schema, err := p.schema()
	if err != nil {
		return nil, err
	}
	h.Schema = schema
	positive, negative := map[int]float64{}, map[int]float64{}
	for _, b := range p.Bucket {
		switch b.bounds {
		case bothBelong:
			h.ZeroThreshold, h.ZeroCount = float64(b.upper), float64(b.count)
		case upperBelongs:
			positive[index(float64(b.upper), schema)] = float64(b.count)
		case lowerBelongs:
			negative[index(-float64(b.lower), schema)] = float64(b.count)
		}
	}
	h.PositiveSpans, h.PositiveBuckets = spans(positive)
	h.NegativeSpans, h.NegativeBuckets = spans(negative)
	return h, nil
}

// schema is the finest where no bucket tells.
func (p *histogramPoint) schema() (int32, error) {
	widest := 0.0 // log₂ of upper / lower
	for _, b := range p.Bucket {
		low, high := float64(b.lower), float64(b.upper)
		if b.bounds == lowerBelongs {
			low, high = -high, -low
		}
		switch {
		case b.bounds == bothBelong && low == -high, math.IsInf(high, 1) && low == math.MaxFloat64:
			continue
		case b.bounds != upperBelongs && b.bounds != lowerBelongs || low <= 0 || high <= low || math.IsInf(high, 1):
			return 0, errBounds
		}
		widest = max(widest, math.Log2(high/low))
	}
	if widest == 0 {
		return finestSchema, nil
	}
	schema := -math.Log2(widest)
	const tolerance = 1e-6 // far above the rounding of logarithms, far below any other ratio
	if rounded := math.Round(schema); math.Abs(schema-rounded) < tolerance && rounded >= coarsestSchema && rounded <= finestSchema {
		return int32(rounded), nil
	}
	return 0, errBounds
}

// index is the number of the bucket with an upper bound, 2^(index · 2^−schema).
func index(upper float64, schema int32) int {
	if math.IsInf(upper, 1) {
		return index(math.MaxFloat64, schema) + 1
	}
	return int(math.Round(math.Ldexp(math.Log2(upper), int(schema))))
}

// spans writes buckets, by their numbers, as a histogram keeps them.
func spans(buckets map[int]float64) (list []histogram.Span, counts []float64) {
	next := 0
	for _, i := range slices.Sorted(maps.Keys(buckets)) {
		if len(list) == 0 || i != next {
			list = append(list, histogram.Span{Offset: int32(i - next)})
		}
		list[len(list)-1].Length++
		counts = append(counts, buckets[i])
		next = i + 1
	}
	return list, counts
}
