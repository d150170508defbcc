package query

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// encoder appends the JSON of Prometheus's HTTP API. It is written out by hand because a matrix can
// have millions of points, and because numbers are strings in a notation of their own.
type encoder struct{ buf []byte }

func (e *encoder) raw(text string) { e.buf = append(e.buf, text...) }

// text appends a JSON string.
func (e *encoder) text(s string) {
	quoted, err := json.Marshal(s)
	if err != nil {
		// A string has no value that JSON can not hold.
		panic(err)
	}
	e.buf = append(e.buf, quoted...)
}

// comma separates the elements of a list: nothing before the first.
func (e *encoder) comma(i int) {
	if i > 0 {
		e.buf = append(e.buf, ',')
	}
}

// value appends the result of a query.
func (e *encoder) value(v parser.Value) error {
	switch v := v.(type) {
	case promql.Matrix:
		e.raw("[")
		for i, series := range v {
			e.comma(i)
			e.series(series)
		}
		e.raw("]")
	case promql.Vector:
		e.raw("[")
		for i, sample := range v {
			e.comma(i)
			e.sample(sample)
		}
		e.raw("]")
	case promql.Scalar:
		e.point(v.T, v.V)
	case promql.String:
		e.raw("[")
		e.time(v.T)
		e.raw(",")
		e.text(v.V)
		e.raw("]")
	default:
		return fmt.Errorf("a result of type %T can not be encoded", v)
	}
	return nil
}

func (e *encoder) series(s promql.Series) {
	e.raw(`{"metric":`)
	e.labels(s.Metric)
	for i, p := range s.Floats {
		if i == 0 {
			e.raw(`,"values":[`)
		}
		e.comma(i)
		e.point(p.T, p.F)
	}
	if len(s.Floats) > 0 {
		e.raw("]")
	}
	for i, p := range s.Histograms {
		if i == 0 {
			e.raw(`,"histograms":[`)
		}
		e.comma(i)
		e.histogramPoint(p.T, p.H)
	}
	if len(s.Histograms) > 0 {
		e.raw("]")
	}
	e.raw("}")
}

func (e *encoder) sample(s promql.Sample) {
	e.raw(`{"metric":`)
	e.labels(s.Metric)
	if s.H == nil {
		e.raw(`,"value":`)
		e.point(s.T, s.F)
	} else {
		e.raw(`,"histogram":`)
		e.histogramPoint(s.T, s.H)
	}
	e.raw("}")
}

func (e *encoder) labels(set labels.Labels) {
	e.raw("{")
	i := 0
	set.Range(func(l labels.Label) {
		e.comma(i)
		i++
		e.text(l.Name)
		e.raw(":")
		e.text(l.Value)
	})
	e.raw("}")
}

func (e *encoder) point(timeMS int64, v float64) {
	e.raw("[")
	e.time(timeMS)
	e.raw(",")
	e.number(v)
	e.raw("]")
}

func (e *encoder) histogramPoint(timeMS int64, h *histogram.FloatHistogram) {
	e.raw("[")
	e.time(timeMS)
	e.raw(",")
	e.histogram(h)
	e.raw("]")
}

// time appends milliseconds as seconds, with as many decimals as they need, up to three.
func (e *encoder) time(timeMS int64) {
	if timeMS < 0 {
		e.raw("-")
		timeMS = -timeMS
	}
	e.buf = strconv.AppendInt(e.buf, timeMS/1000, 10)
	if rest := timeMS % 1000; rest != 0 {
		e.buf = append(e.buf, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
	}
}

// number appends a float as a string: plain digits between 1e-6 and 1e21, else with an exponent.
func (e *encoder) number(v float64) {
	notation := byte('f')
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		notation = 'e'
	}
	e.raw(`"`)
	e.buf = strconv.AppendFloat(e.buf, v, notation, -1, 64)
	e.raw(`"`)
}

// histogram appends a native histogram: its count, sum, and the buckets that are not empty as
// [bounds, lower, upper, count].
func (e *encoder) histogram(h *histogram.FloatHistogram) {
	e.raw(`{"count":`)
	e.number(h.Count)
	e.raw(`,"sum":`)
	e.number(h.Sum)
	n := 0
	for buckets := h.AllBucketIterator(); buckets.Next(); {
		b := buckets.At()
		if b.Count == 0 {
			continue
		}
		if n == 0 {
			e.raw(`,"buckets":[`)
		}
		e.comma(n)
		n++
		e.raw("[")
		e.buf = append(e.buf, boundsKind(b.LowerInclusive, b.UpperInclusive), ',')
		e.number(b.Lower)
		e.raw(",")
		e.number(b.Upper)
		e.raw(",")
		e.number(b.Count)
		e.raw("]")
	}
	if n > 0 {
		e.raw("]")
	}
	e.raw("}")
}

// boundsKind is the API's digit for which bounds of a bucket belong to it.
func boundsKind(lower, upper bool) byte {
	switch {
	case lower && upper:
		return '3'
	case lower:
		return '1'
	case upper:
		return '0'
	}
	return '2'
}

// exemplars appends the answer to query_exemplars.
func (e *encoder) exemplars(results []exemplar.QueryResult) {
	e.raw("[")
	for i, result := range results {
		e.comma(i)
		e.raw(`{"seriesLabels":`)
		e.labels(result.SeriesLabels)
		e.raw(`,"exemplars":[`)
		for j, ex := range result.Exemplars {
			e.comma(j)
			e.raw(`{"labels":`)
			e.labels(ex.Labels)
			e.raw(`,"value":`)
			e.number(ex.Value)
			e.raw(`,"timestamp":`)
			e.time(ex.Ts)
			e.raw("}")
		}
		e.raw("]}")
	}
	e.raw("]")
}
