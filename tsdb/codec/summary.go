package codec

import (
	"encoding/binary"
	"math"

	"github.com/prometheus/prometheus/model/value"
)

// Summary answers questions about a whole column. Stale markers do not count as samples of it. For
// native histograms every field but Count is zero.
type Summary struct {
	Count       int     // samples that are not stale markers
	First, Last float64 // values of the first and the last such sample; 0 if Count is 0
	Sum         float64 // in row order, Kahan-Neumaier compensated
	Min, Max    float64 // NaN only if every sample is NaN
	Resets      float64 // sum of the values from which the column fell: increase = Last - First + Resets
}

// Summarize computes the summary of float samples.
func Summarize(values []float64) Summary {
	var s Summary
	var sum, compensation float64
	for _, v := range values {
		if v != v && value.IsStaleNaN(v) {
			continue
		}
		if s.Count == 0 {
			s.First, s.Last, s.Min, s.Max = v, v, v, v
		}
		s.Count++
		if v < s.Last {
			s.Resets += s.Last
		}
		s.Last = v
		if v < s.Min || s.Min != s.Min {
			s.Min = v
		}
		if v > s.Max || s.Max != s.Max {
			s.Max = v
		}
		t := sum + v
		if math.Abs(sum) >= math.Abs(v) {
			compensation += sum - t + v
		} else {
			compensation += v - t + sum
		}
		sum = t
	}
	s.Sum = sum
	if !math.IsInf(sum, 0) {
		s.Sum += compensation
	}
	return s
}

// A stored summary is a byte of flags, and what they do not say; all its numbers share one exponent.
const (
	summaryStale     = 1 << iota // varint: how many samples are stale markers
	summaryFlat                  // last, min and max equal first
	summaryMinFirst              // min equals first
	summaryMaxLast               // max equals last
	summaryHasResets             // resets are not 0
	summaryProduct               // sum equals first * count
	summaryEmpty                 // every sample is a stale marker: nothing else follows
	summaryExponent              // byte: the exponent; else it is 0
)

// appendSummary appends s for a column of so many samples whose numbers are decimals of exponent x
// as a rule.
func appendSummary(dst []byte, s *Summary, samples, x int) []byte {
	var flags byte
	set := func(flag byte, when bool) {
		if when {
			flags |= flag
		}
	}
	same := func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }
	set(summaryStale, s.Count != samples)
	set(summaryEmpty, s.Count == 0)
	set(summaryExponent, x != 0)
	set(summaryFlat, same(s.Last, s.First) && same(s.Min, s.First) && same(s.Max, s.First))
	set(summaryMinFirst, same(s.Min, s.First))
	set(summaryMaxLast, same(s.Max, s.Last))
	set(summaryHasResets, !same(s.Resets, 0))
	set(summaryProduct, same(s.Sum, s.First*float64(s.Count)))
	dst = append(dst, flags)
	if flags&summaryStale != 0 {
		dst = binary.AppendUvarint(dst, uint64(samples-s.Count))
	}
	if flags&summaryEmpty != 0 {
		return dst
	}
	if x != 0 {
		dst = append(dst, byte(x))
	}
	dst = appendNumber(dst, s.First, x)
	if flags&summaryFlat == 0 {
		dst = appendNumber(dst, s.Last, x)
		if flags&summaryMinFirst == 0 {
			dst = appendNumber(dst, s.Min, x)
		}
		if flags&summaryMaxLast == 0 {
			dst = appendNumber(dst, s.Max, x)
		}
	}
	if flags&summaryHasResets != 0 {
		dst = appendNumber(dst, s.Resets, x)
	}
	if flags&summaryProduct == 0 {
		dst = appendNumber(dst, s.Sum, x)
	}
	return dst
}

// summary reads the summary of a column of so many samples.
func (c *cursor) summary(samples int) Summary {
	flags := c.byte()
	s := Summary{Count: samples}
	if flags&summaryStale != 0 {
		s.Count -= c.length(samples, "number of stale markers")
	}
	if flags&summaryEmpty != 0 {
		s.Count = 0
		return s
	}
	x := 0
	if flags&summaryExponent != 0 {
		x = c.length(maxExponent, "decimal exponent")
	}
	s.First = c.number(x)
	s.Last, s.Min, s.Max = s.First, s.First, s.First
	if flags&summaryFlat == 0 {
		s.Last = c.number(x)
		if flags&summaryMinFirst == 0 {
			s.Min = c.number(x)
		}
		s.Max = s.Last
		if flags&summaryMaxLast == 0 {
			s.Max = c.number(x)
		}
	}
	if flags&summaryHasResets != 0 {
		s.Resets = c.number(x)
	}
	s.Sum = s.First * float64(s.Count)
	if flags&summaryProduct == 0 {
		s.Sum = c.number(x)
	}
	return s
}

// skipSummary steps over what summary reads.
func (c *cursor) skipSummary() {
	flags := c.byte()
	if flags&summaryStale != 0 {
		c.uvarint()
	}
	if flags&summaryEmpty != 0 {
		return
	}
	if flags&summaryExponent != 0 {
		c.byte()
	}
	numbers := 1 // first
	add := func(when bool) {
		if when {
			numbers++
		}
	}
	if flags&summaryFlat == 0 {
		numbers++ // last
		add(flags&summaryMinFirst == 0)
		add(flags&summaryMaxLast == 0)
	}
	add(flags&summaryHasResets != 0)
	add(flags&summaryProduct == 0)
	for range numbers {
		c.skipNumber()
	}
}

// appendHistogramSummary appends the summary of native histograms: how many are no stale markers.
func appendHistogramSummary(dst []byte, samples int, sum func(i int) float64) []byte {
	stale := 0
	for i := range samples {
		if value.IsStaleNaN(sum(i)) {
			stale++
		}
	}
	return binary.AppendUvarint(dst, uint64(stale))
}

// histogramSummary reads what appendHistogramSummary wrote.
func (c *cursor) histogramSummary(samples int) Summary {
	return Summary{Count: samples - c.length(samples, "number of stale markers")}
}
