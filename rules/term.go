package rules

import (
	"slices"
	"time"

	"github.com/neuroweaver/heddle/rules/detect"
	"github.com/neuroweaver/heddle/rules/syntax"
	"github.com/neuroweaver/heddle/rules/window"
)

// term is one window function over the series of an instance. Rules on the same labels share it.
type term struct {
	// text is the call as written, with lets written out: "p95(latency, 1m)".
	text     string
	function function
	kind     syntax.MetricKind
	// slot is the place of the metric among those of the scope, spec its window; divisor and
	// divisorSpec are those of the second metric of ratio.
	slot, spec           int
	divisor, divisorSpec int
	// isPart says that the first metric of ratio takes only series of names that the second takes too.
	isPart bool
	// argument is q of quantile and x of above.
	argument float64
	// plan is what shifted asks.
	plan detect.Plan
	// covers says that a fresh start must wait until this window is covered.
	covers bool
}

// function is a window function of the language.
type function uint8

const (
	functionRate function = iota
	functionIncrease
	functionRatio
	functionAvg
	functionSum
	functionMin
	functionMax
	functionStddev
	functionLast
	functionSlope
	functionEwma
	functionQuantile
	functionAbove
	functionCount
	functionCoverage
	functionAge
	functionShifted // keeps no window, but a detector: shift.go
)

// functions maps the names to what they compute; a share stands for quantiles with a name.
var functions = map[string]struct {
	function function
	share    float64
}{
	"rate": {functionRate, 0}, "increase": {functionIncrease, 0}, "ratio": {functionRatio, 0},
	"avg": {functionAvg, 0}, "sum": {functionSum, 0}, "min": {functionMin, 0}, "max": {functionMax, 0},
	"stddev": {functionStddev, 0}, "last": {functionLast, 0}, "slope": {functionSlope, 0}, "ewma": {functionEwma, 0},
	"quantile": {functionQuantile, 0}, "above": {functionAbove, 0},
	"p50": {functionQuantile, 0.50}, "p90": {functionQuantile, 0.90}, "p95": {functionQuantile, 0.95}, "p99": {functionQuantile, 0.99},
	"count": {functionCount, 0}, "coverage": {functionCoverage, 0}, "age": {functionAge, 0},
}

// family is the aggregate that the function reads of a metric of the kind.
func (f function) family(kind syntax.MetricKind) window.Family {
	switch f {
	case functionCount, functionCoverage, functionLast, functionAge:
		return window.Counts
	case functionMin:
		return window.Minima
	case functionMax:
		return window.Maxima
	case functionStddev:
		return window.Spreads
	case functionSlope:
		return window.Trends
	case functionEwma:
		return window.Decays
	case functionAvg, functionSum:
		if kind == syntax.Gauge {
			return window.Means
		}
	case functionQuantile:
		if kind == syntax.Gauge {
			return window.Ranks
		}
	}
	return window.Increases
}

// waits reports whether a window of the function is only worth its name once it is covered. The
// latest value, an age and a count are true from the first sample on, and so is a mean that forgets.
func (f function) waits() bool {
	switch f {
	case functionLast, functionAge, functionCount, functionCoverage, functionEwma:
		return false
	}
	return true
}

// input is the series that one instance has of one metric.
type input struct {
	// series are counters, gauges, or the _count of classic histograms.
	series    []*window.Series
	histogram *histogramInput
}

// histogramInput is what an instance has of a histogram, in whichever form it arrives. The _sum and
// _count of a summary are those of the classic form.
type histogramInput struct {
	classic window.Histogram
	native  []*window.NativeSeries
	summary window.Summary
}

// counted are the series whose samples stand for those of the histogram.
func (h *histogramInput) counted() []*window.Series {
	if len(h.classic.Counts) == 0 {
		return slices.Collect(h.summary.Each)
	}
	return h.classic.Counts
}

// onlySummary reports whether the observations are known by the quantiles of their sender alone.
func (h *histogramInput) onlySummary() bool {
	return len(h.native) == 0 && len(h.classic.Buckets) == 0 && len(h.summary.Quantiles()) > 0
}

// evaluate computes the term for an instance whose windows have been moved to now, in milliseconds
// of the server's clock.
func (t *term) evaluate(inputs []input, now int64) window.Result {
	in := &inputs[t.slot]
	if t.kind == syntax.Histogram {
		if in.histogram == nil {
			return window.Result{}
		}
		return t.evaluateHistogram(in.histogram, now)
	}
	switch t.function {
	case functionRate:
		return window.Rate(in.series, t.spec)
	case functionIncrease:
		return window.Increase(in.series, t.spec)
	case functionRatio:
		return window.Ratio(in.series, t.spec, inputs[t.divisor].series, t.divisorSpec, t.isPart)
	case functionAvg:
		return window.Mean(in.series, t.spec)
	case functionSum:
		return window.Total(in.series, t.spec)
	case functionMin:
		return window.Min(in.series, t.spec)
	case functionMax:
		return window.Max(in.series, t.spec)
	case functionStddev:
		return window.Stddev(in.series, t.spec)
	case functionLast:
		return window.Last(in.series, t.spec)
	case functionSlope:
		return window.Slope(in.series, t.spec)
	case functionEwma:
		return window.Ewma(in.series, t.spec)
	case functionQuantile:
		return window.Quantile(t.argument, in.series, t.spec)
	case functionCount:
		return window.Count(in.series, t.spec)
	case functionCoverage:
		return window.Coverage(in.series, t.spec)
	case functionAge:
		return window.Age(in.series, now)
	}
	return window.Result{}
}

// evaluateHistogram prefers the native form where it has arrived, as PromQL does.
func (t *term) evaluateHistogram(h *histogramInput, now int64) window.Result {
	if len(h.native) > 0 {
		if r := t.evaluateNative(h.native, now); r.Known || len(h.classic.Counts) == 0 {
			return r
		}
	}
	switch t.function {
	case functionQuantile:
		if h.onlySummary() {
			return h.summary.Quantile(t.argument, t.spec)
		}
		return h.classic.Quantile(t.argument, t.spec)
	case functionAbove:
		return h.classic.Above(t.argument, t.spec)
	case functionAvg:
		return h.classic.Mean(t.spec)
	case functionCount:
		return window.Count(h.counted(), t.spec)
	case functionCoverage:
		return window.Coverage(h.counted(), t.spec)
	case functionAge:
		return window.Age(h.counted(), now)
	}
	return window.Result{}
}

func (t *term) evaluateNative(native []*window.NativeSeries, now int64) window.Result {
	switch t.function {
	case functionQuantile:
		return window.NativeQuantile(t.argument, native, t.spec)
	case functionAbove:
		return window.NativeAbove(t.argument, native, t.spec)
	case functionAvg:
		return window.NativeMean(native, t.spec)
	case functionCount:
		return window.NativeCount(native, t.spec)
	case functionCoverage:
		return window.NativeCoverage(native, t.spec)
	case functionAge:
		return window.NativeAge(native, now)
	}
	return window.Result{}
}

// coverage is which part of the term's window holds samples, 0 when none. Of a ratio the divisor
// counts: what it is divided by may be rare.
func (t *term) coverage(inputs []input) float64 {
	slot, spec := t.slot, t.spec
	if t.function == functionRatio {
		slot, spec = t.divisor, t.divisorSpec
	}
	in := &inputs[slot]
	r := window.Coverage(in.series, spec)
	if h := in.histogram; h != nil {
		r = window.Coverage(h.counted(), spec)
		if len(h.native) > 0 && !r.Known {
			r = window.NativeCoverage(h.native, spec)
		}
	}
	if !r.Known {
		return 0
	}
	return r.Value
}

// ewmaWidth is the width of the window of an exponentially weighted mean.
func ewmaWidth(halfLife time.Duration) time.Duration {
	return time.Duration(window.DecayWidth(halfLife.Milliseconds())) * time.Millisecond
}
