package remotestore

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
)

// answerSeries is one series of a matrix.
type answerSeries struct {
	Metric     map[string]string `json:"metric"`
	Values     floatPoints       `json:"values"`
	Histograms []histogramPoint  `json:"histograms"`
}

// between gives the samples of a stretch of time, both ends included, in the order of time.
func (s *answerSeries) between(fromMS, toMS int64) ([]chunks.Sample, error) {
	samples := make([]chunks.Sample, 0, len(s.Values)+len(s.Histograms))
	for _, p := range s.Values {
		samples = append(samples, p)
	}
	for _, p := range s.Histograms {
		h, err := p.decode()
		if err != nil {
			return nil, err
		}
		samples = append(samples, sample{timeMS: p.timeMS, histogram: h})
	}
	samples = slices.DeleteFunc(samples, func(p chunks.Sample) bool { return p.T() < fromMS || p.T() > toMS })
	slices.SortStableFunc(samples, func(a, b chunks.Sample) int { return cmp.Compare(a.T(), b.T()) })
	return samples, nil
}

// sample is a float, or a histogram where it has one. It is a chunks.Sample.
type sample struct {
	timeMS    int64
	value     float64
	histogram *histogram.FloatHistogram
}

func (s sample) T() int64                      { return s.timeMS }
func (s sample) ST() int64                     { return 0 }
func (s sample) F() float64                    { return s.value }
func (s sample) H() *histogram.Histogram       { return nil }
func (s sample) FH() *histogram.FloatHistogram { return s.histogram }
func (s sample) Type() chunkenc.ValueType {
	if s.histogram != nil {
		return chunkenc.ValFloatHistogram
	}
	return chunkenc.ValFloat
}
func (s sample) Copy() chunks.Sample {
	if s.histogram != nil {
		s.histogram = s.histogram.Copy()
	}
	return s
}

// floatPoints are read from [[seconds,"value"],…]: most of what an answer holds, so they are read by
// hand, ten times as fast as by reflection.
type floatPoints []sample

// UnmarshalJSON reads text that encoding/json has found to be well formed.
func (p *floatPoints) UnmarshalJSON(text []byte) error {
	*p = (*p)[:0]
	start, quoted, point := -1, false, sample{}
	n := 0 // fields read: a time, a value, a time, …
	for i, b := range text {
		if b == '"' {
			quoted = !quoted
		}
		if b != '"' && (quoted || b > ' ' && b != '[' && b != ']' && b != ',') {
			if start < 0 {
				start = i
			}
			continue
		}
		if start < 0 {
			continue
		}
		field := string(text[start:i])
		start = -1
		var err error
		if n++; n%2 == 1 {
			point.timeMS, err = milliseconds(field)
		} else if point.value, err = strconv.ParseFloat(field, 64); err == nil {
			*p = append(*p, point)
		}
		if err != nil {
			return err
		}
	}
	if n%2 == 1 {
		return fmt.Errorf("values of an unknown form: %.100s", text)
	}
	return nil
}

// milliseconds reads a time in seconds.
func milliseconds(text string) (int64, error) {
	at, err := strconv.ParseFloat(text, 64)
	return int64(math.Round(at * 1000)), err
}

// histogramPoint is [seconds,{"count":"…","sum":"…","buckets":[[bounds,"lower","upper","count"],…]}].
type histogramPoint struct {
	timeMS int64
	Count  number         `json:"count"`
	Sum    number         `json:"sum"`
	Bucket []answerBucket `json:"buckets"`
}

func (p *histogramPoint) UnmarshalJSON(text []byte) error {
	type plain histogramPoint
	var at json.Number
	if err := json.Unmarshal(text, &[]any{&at, (*plain)(p)}); err != nil {
		return err
	}
	var err error
	p.timeMS, err = milliseconds(at.String())
	return err
}

// number is a float in quotes.
type number float64

func (n *number) UnmarshalJSON(text []byte) error {
	var quoted string
	if err := json.Unmarshal(text, &quoted); err != nil {
		return err
	}
	v, err := strconv.ParseFloat(quoted, 64)
	*n = number(v)
	return err
}

// answerBucket is one bucket that is not empty.
type answerBucket struct {
	bounds              int
	lower, upper, count number
}

func (b *answerBucket) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&b.bounds, &b.lower, &b.upper, &b.count})
}
