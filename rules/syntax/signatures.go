package syntax

// The arguments that many functions share.
var (
	window    = Arg{Name: "w", Kind: WindowArg}
	counter   = Arg{Name: "m", Kind: MetricArg, Metrics: Counter}
	gauge     = Arg{Name: "m", Kind: MetricArg, Metrics: Gauge}
	observed  = Arg{Name: "m", Kind: MetricArg, Metrics: Gauge | Histogram}
	histogram = Arg{Name: "m", Kind: MetricArg, Metrics: Histogram}
	anything  = Arg{Name: "m", Kind: MetricArg, Metrics: AnyMetric}
)

// What several functions do alike at the edges.
const (
	isUnknown   = "unknown"
	noReset     = "no counter, no reset"
	resetGrows  = "what came after the reset is added as it stands, as in PromQL"
	corrected   = "the value is corrected"
	needsTwo    = "unknown: growth needs two samples of one series"
	ofThatOne   = "its value"
	histogramIn = "the growth of each bucket is taken as in increase, so a reset takes nothing away"
)

func quantileOf(name, share string) Signature {
	return Signature{
		Name: name, Family: "histograms", Args: []Arg{observed, window},
		What:    "The value under which " + share + " of the observations lie.",
		Formula: "quantile(" + share + ", m, w)", Unit: "as m",
		NoData: isUnknown, OneSample: "as quantile", Reset: histogramIn, Late: corrected,
	}
}

func pooled(name, what, formula, oneSample string) Signature {
	return Signature{
		Name: name, Family: "gauges", Args: []Arg{gauge, window},
		What: what, Formula: formula, Unit: "as m",
		NoData: isUnknown, OneSample: oneSample, Reset: noReset, Late: corrected,
	}
}

// signatures is the table of all functions; it does not change.
var signatures = []Signature{
	{
		Name: "rate", Family: "counters", Args: []Arg{counter, window},
		What: "How fast a counter grows.", Formula: "increase(m, w) / w", Unit: "as m, per second",
		NoData: isUnknown, OneSample: needsTwo, Reset: resetGrows, Late: corrected,
	},
	{
		Name: "increase", Family: "counters", Args: []Arg{counter, window},
		What:    "By how much a counter has grown, summed over the series of the instance.",
		Formula: "last − first + values before resets, extrapolated to the window's ends exactly as PromQL does", Unit: "as m",
		NoData: isUnknown, OneSample: needsTwo, Reset: resetGrows, Late: corrected,
	},
	{
		Name: "ratio", Family: "counters",
		Args: []Arg{{Name: "a", Kind: MetricArg, Metrics: Counter}, {Name: "b", Kind: MetricArg, Metrics: Counter}, window},
		What: "Which part of b is a.", Formula: "increase(a, w) / increase(b, w); unknown where the divisor is 0", Unit: "share",
		NoData: "unknown without b; without a as well, but 0 where b takes all series of the names that a takes", OneSample: needsTwo, Reset: resetGrows, Late: corrected,
	},
	{
		Name: "avg", Family: "gauges", Args: []Arg{observed, window},
		What:    "The mean of the samples; of a histogram, the mean of the observations.",
		Formula: "gauge: Σ samples / number of samples; histogram and summary: increase of the sum / increase of the count", Unit: "as m",
		NoData: isUnknown, OneSample: "gauge: its value; histogram: unknown", Reset: histogramIn, Late: corrected,
	},
	pooled("sum", "The sum of the samples.", "Σ samples", ofThatOne),
	pooled("min", "The smallest sample.", "min samples", ofThatOne),
	pooled("max", "The largest sample.", "max samples", ofThatOne),
	pooled("stddev", "How much the samples scatter: the standard deviation of the population, as PromQL's stddev_over_time.", "√(Σ (sample − mean)² / number of samples)", "0"),
	pooled("last", "The latest value; the mean over the series of the instance that have one in the window.", "mean over series of the newest sample", ofThatOne),
	{
		Name: "slope", Family: "gauges", Args: []Arg{gauge, window},
		What:    "How fast a gauge rises or falls: the slope of the least-squares line, as PromQL's deriv.",
		Formula: "(n Σtv − Σt Σv) / (n Σt² − (Σt)²), the mean of it over several series", Unit: "as m, per second",
		NoData: isUnknown, OneSample: "unknown: a line needs two samples", Reset: noReset, Late: corrected,
	},
	{
		Name: "ewma", Family: "gauges", Args: []Arg{gauge, {Name: "halflife", Kind: WindowArg}},
		What:    "The mean with weights that halve with every halflife of age.",
		Formula: "Σ v · 2^(−age/halflife) / Σ 2^(−age/halflife), the mean of it over several series", Unit: "as m",
		NoData: isUnknown, OneSample: ofThatOne, Reset: noReset, Late: "counts with the weight of its age",
	},
	{
		Name: "quantile", Family: "histograms", Args: []Arg{{Name: "q", Kind: ShareArg}, observed, window},
		What: "The value under which the share q of the observations lies; of a gauge, of its samples.",
		Formula: "histogram: linear within the bucket, as PromQL's histogram_quantile over increase; gauge: as quantile_over_time; " +
			"summary: the latest value of its series of this quantile, the highest where the instance has several", Unit: "as m",
		NoData: "unknown; also where a summary does not have this quantile", OneSample: "gauge and summary: its value; histogram: unknown", Reset: histogramIn, Late: corrected,
	},
	quantileOf("p50", "50%"), quantileOf("p90", "90%"), quantileOf("p95", "95%"), quantileOf("p99", "99%"),
	{
		Name: "above", Family: "histograms", Args: []Arg{histogram, {Name: "x", Kind: NumberArg}, window},
		What: "Which part of the observations is over x.", Share: true,
		Formula: "1 − (observations up to x) / observations, linear within the bucket that holds x", Unit: "share",
		NoData: "unknown; always of a summary", OneSample: "unknown", Reset: histogramIn, Late: corrected,
	},
	{
		Name: "count", Family: "any", Args: []Arg{anything, window},
		What: "How many samples arrived.", Formula: "number of samples", Unit: "samples",
		NoData: "unknown, not 0: a silence proves nothing", OneSample: "1", Reset: "no influence", Late: "is counted",
	},
	{
		Name: "coverage", Family: "any", Args: []Arg{anything, window},
		What: "Which part of the expected samples arrived.", Share: true,
		Formula: "samples / (w / interval at which the series arrives), at most 1", Unit: "share",
		NoData: "unknown, not 0: a silence proves nothing", OneSample: "unknown until the interval is known", Reset: "no influence", Late: "is counted",
	},
	{
		Name: "age", Family: "any", Args: []Arg{anything},
		What: "How long ago the newest sample was taken.", Formula: "now − time of the newest sample", Unit: "seconds",
		NoData: "unknown before the first sample; grows without end after the last", OneSample: "its age", Reset: "no influence", Late: "none: a newer one is there",
	},
	{
		Name: "ago", Family: "time", Args: []Arg{{Name: "EXPR", Kind: ExprArg}, {Name: "d", Kind: WindowArg}},
		What: "What the expression was d earlier.", Formula: "EXPR at now − d", Unit: "as EXPR",
		NoData: isUnknown, OneSample: "as EXPR", Reset: "as EXPR", Late: "is part of it once it is stored",
	},
	{
		Name: "baseline", Family: "time", Args: []Arg{{Name: "EXPR", Kind: ExprArg}, {Name: "d", Kind: WindowArg}},
		What: "What the expression usually is at this time of day.", Formula: "median of EXPR 1 d, 2 d, … d ago, each between its values at the full five minutes before and after; d from 1d to 90d", Unit: "as EXPR",
		NoData: "days without a value do not count; unknown without any", OneSample: "as EXPR", Reset: "as EXPR", Late: "counts if its five minutes are not over; after a start always",
	},
	{
		Name: "shifted", Family: "change", Boolean: true,
		Args:    []Arg{{Name: "m", Kind: SubjectArg, Metrics: Gauge | Histogram}, {Name: "up|down", Kind: DirectionArg}, {Name: "X", Kind: NumberArg}},
		What:    "Whether there is enough evidence that m, or a / b, has moved by more than X against its own past.",
		Formula: "e-detector: M ← max(1, M) · e per block of 2 s, true at M ≥ A; A follows from `alarms`", Unit: "true or false",
		NoData: "unknown after 15 minutes", OneSample: "unknown until there are six hours of past", Reset: "what came after the reset counts as it stands",
		Late: "of a counter it is part of the next block, of a gauge it is left out",
	},
	{
		Name: "firing", Family: "state", Args: []Arg{{Name: "RULE", Kind: RuleArg}}, Boolean: true,
		What: "Whether the rule fires for an instance with the same shared labels.", Formula: "state of RULE is firing or recovering", Unit: "true or false",
		NoData: "unknown where that instance is unknown", OneSample: "as its rule", Reset: "as its rule", Late: "as its rule",
	},
	{
		Name: "serving", Family: "state", Args: []Arg{{Name: "ROUTE", Kind: RouteArg}}, Boolean: true,
		What: "Whether the route serves this instance's model.", Formula: "the route's model = the label model", Unit: "true or false",
		NoData: "false", OneSample: "no influence", Reset: "no influence", Late: "no influence",
	},
}
