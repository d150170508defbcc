package ingest

import (
	"strconv"

	"github.com/prometheus/prometheus/model/labels"
)

// The metrics that observations become. The catalogue `heddle` of the rule language maps its
// canonical names to them.
const (
	metricRequests  = "heddle_requests_total"           // by status
	metricFailures  = "heddle_failures_total"           // the model's fault: 5xx and timeouts
	metricDuration  = "heddle_request_duration_seconds" // classic histogram
	metricTTFT      = "heddle_ttft_seconds"             // classic histogram: time to first token
	metricTokensIn  = "heddle_tokens_in_total"
	metricTokensOut = "heddle_tokens_out_total"
	metricCost      = "heddle_cost_usd_total"
	metricScoreSum  = "heddle_score_sum" // counters: automatic scores
	metricScores    = "heddle_score_count"
	metricThumbSum  = "heddle_thumb_sum" // counters: people's scores
	metricThumbs    = "heddle_thumb_count"
	metricAccuracy  = "heddle_accuracy" // gauge: mean automatic score since the last row
	metricInFlight  = "heddle_inflight" // gauge: started and not done
)

// Scales of totals: the unit in which they are exact.
const (
	scaleOne   = 1
	scaleMicro = 1e6 // seconds and scores: finer than any clock or judge
	scaleNano  = 1e9 // US dollars: a token costs 1e-8 and more
)

const (
	// pauseMS is how long a model is silent until its next row is preceded by the old one: well above
	// the second in which rows follow each other under traffic, and well below any rule's window.
	pauseMS = 10_000
	// beforeMS is how far before, so that a rate spreads over the time of one row.
	beforeMS = 1000
)

// secondsBounds are the buckets of both histograms, in seconds: a first token takes 10 ms at best, a
// long answer 10 minutes at worst; five to seven steps in each power of ten keep a quantile within
// a fifth of its true value, and limits that people write (1, 2, 5, 10, 30, 60) are bounds.
var secondsBounds = [...]float64{
	0.01, 0.015, 0.02, 0.03, 0.05, 0.075,
	0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75,
	1, 1.5, 2, 2.5, 3, 4, 5, 7.5,
	10, 15, 20, 30, 45, 60, 90,
	120, 180, 300, 600,
}

// modelTally is the running totals of one model. Once a series has a sample, every row has it.
type modelTally struct {
	key       TallyKey
	columns   []*Column // in the order of their first use
	byName    map[columnName]*Column
	durations *histogramTally
	ttfts     *histogramTally

	scoreSum, scores float64 // automatic scores since the last row

	rowMS             int64 // time of the row in the making
	lastMS, settledMS int64 // time of the last row given out, and of the last one stored
	dirty, touched    bool
}

// columnName tells the columns of one model apart: status or le is the second part.
type columnName struct{ metric, detail string }

// histogramTally is a classic histogram: buckets are cumulative and end with +Inf.
type histogramTally struct {
	buckets    [len(secondsBounds) + 1]*Column
	sum, count *Column
}

// newModelTally begins with what the store has.
func newModelTally(key TallyKey, resumed []Resumed) *modelTally {
	m := &modelTally{key: key, byName: map[columnName]*Column{}}
	for _, r := range resumed {
		metric := r.Labels.Get(labels.MetricName)
		scale, known := scaleOf(metric)
		if !known {
			continue
		}
		var column *Column
		if status := r.Labels.Get("status"); status != "" {
			column = m.column(metric, scale, "status", status)
		} else if le := r.Labels.Get("le"); le != "" {
			column = m.column(metric, scale, "le", le)
		} else {
			column = m.column(metric, scale, "", "")
		}
		column.set(r.Value)
		column.stored, column.last, column.begun = column.total, column.total, true
		m.lastMS = max(m.lastMS, r.TimeMS)
	}
	m.settledMS = m.lastMS
	return m
}

// scaleOf gives the unit of a metric's total; known is false for what no tally writes.
func scaleOf(metric string) (scale float64, known bool) {
	switch metric {
	case metricRequests, metricFailures, metricTokensIn, metricTokensOut, metricScores, metricThumbs, metricInFlight,
		metricDuration + "_bucket", metricDuration + "_count", metricTTFT + "_bucket", metricTTFT + "_count":
		return scaleOne, true
	case metricDuration + "_sum", metricTTFT + "_sum", metricScoreSum, metricThumbSum:
		return scaleMicro, true
	case metricCost:
		return scaleNano, true
	}
	return 0, false
}

// column returns a series of this model, and makes it where there is none.
func (m *modelTally) column(metric string, scale float64, label, detail string) *Column {
	name := columnName{metric, detail}
	c := m.byName[name]
	if c == nil {
		c = &Column{Labels: m.key.labels(metric, label, detail), metric: metric, scale: scale}
		m.byName[name] = c
		m.columns = append(m.columns, c)
	}
	return c
}

// add adds to a counter, if value was given.
func (m *modelTally) add(metric string, scale float64, value *float64) {
	if value != nil {
		m.column(metric, scale, "", "").add(*value)
	}
}

// count counts one checked observation.
func (m *modelTally) count(o Observation) {
	m.add(metricTokensIn, scaleOne, o.TokensIn)
	m.add(metricTokensOut, scaleOne, o.TokensOut)
	m.add(metricCost, scaleNano, o.CostUSD)
	switch o.Kind {
	case KindStart:
		m.column(metricInFlight, scaleOne, "", "").add(1)
	case KindDone:
		m.countDone(o)
	case KindThumb:
		m.add(metricThumbSum, scaleMicro, o.Score)
		m.column(metricThumbs, scaleOne, "", "").add(1)
		return
	}
	if o.Score != nil {
		m.add(metricScoreSum, scaleMicro, o.Score)
		m.column(metricScores, scaleOne, "", "").add(1)
		m.scoreSum += *o.Score
		m.scores++
	}
}

func (m *modelTally) countDone(o Observation) {
	status := 200
	if o.Status != nil {
		status = *o.Status
	}
	m.column(metricRequests, scaleOne, "status", strconv.Itoa(status)).add(1)
	// Failures exist from the first request on: a ratio over them is then known, and 0.
	failures := m.column(metricFailures, scaleOne, "", "")
	if failed(status) {
		failures.add(1)
	}
	// A gateway that sends no starts has no gauge; one that lost a start does not go below zero.
	if inFlight := m.byName[columnName{metricInFlight, ""}]; inFlight != nil && inFlight.total > 0 {
		inFlight.add(-1)
	}
	if o.LatencyMS != nil {
		m.observe(&m.durations, metricDuration, *o.LatencyMS/1000)
	}
	if o.TTFTMS != nil {
		m.observe(&m.ttfts, metricTTFT, *o.TTFTMS/1000)
	}
}

// observe counts one value in a histogram, which is made on first use.
func (m *modelTally) observe(h **histogramTally, metric string, seconds float64) {
	if *h == nil {
		*h = &histogramTally{}
		for i := range (*h).buckets {
			le := "+Inf"
			if i < len(secondsBounds) {
				le = strconv.FormatFloat(secondsBounds[i], 'g', -1, 64)
			}
			(*h).buckets[i] = m.column(metric+"_bucket", scaleOne, "le", le)
		}
		(*h).sum = m.column(metric+"_sum", scaleMicro, "", "")
		(*h).count = m.column(metric+"_count", scaleOne, "", "")
	}
	for i, bucket := range (*h).buckets {
		if i == len(secondsBounds) || seconds <= secondsBounds[i] {
			bucket.add(1)
		}
	}
	(*h).sum.add(seconds)
	(*h).count.add(1)
}

// emitRow gives out all columns at the row's time.
func (m *modelTally) emitRow(emit Emit) {
	var accuracy *Column
	if m.scores > 0 {
		accuracy = m.column(metricAccuracy, scaleMicro, "", "")
		accuracy.set(m.scoreSum / m.scores)
		m.scoreSum, m.scores = 0, 0
	}
	// What changes needs a sample before it, or a rate has nothing to compare with: after a pause the
	// whole row as it was, a moment earlier; else only what is new, at the time of the last row.
	paused := m.rowMS-m.lastMS > pauseMS
	beginMS := m.lastMS
	if paused {
		beginMS = m.rowMS - beforeMS
	}
	for _, c := range m.columns {
		if c.metric != metricAccuracy && (paused || !c.begun && !c.given) {
			emit(c, beginMS, float64(c.last)/c.scale)
		}
	}
	for _, c := range m.columns {
		// The mean of no scores is not a number, so the gauge has a sample only where there are some.
		if c.metric == metricAccuracy && c != accuracy {
			continue
		}
		c.given, c.last = true, c.total
		emit(c, m.rowMS, c.value())
	}
	m.lastMS, m.dirty = m.rowMS, false
}

func (m *modelTally) commit() {
	for _, c := range m.columns {
		c.stored = c.total
		c.begun = c.begun || c.given
		c.given = false
	}
	m.settledMS = m.lastMS
}

func (m *modelTally) rollback() {
	for _, c := range m.columns {
		c.total, c.last, c.given = c.stored, c.stored, false
	}
	m.lastMS, m.rowMS = m.settledMS, m.settledMS
	m.scoreSum, m.scores = 0, 0
}
