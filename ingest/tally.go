package ingest

import (
	"fmt"
	"math"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/tsdb"
)

// Tally turns observations into samples: running totals for each (model, version, region), given out
// as rows of all that model's series at one time. It is pure: it has no clock and no store, so a
// replay makes the same samples as a server. It is not for concurrent use.
//
// A row is given out when an observation lies in a later second than the ones before it, and on
// Flush; so each second of the observations' own time has its row. The rows of one model never go
// back in time: what comes late counts in the next row.
//
// Commit and Rollback end what was given out since the last of them, so that totals follow what the
// store really took.
type Tally struct {
	limit   int
	resume  func(TallyKey) []Resumed
	models  map[TallyKey]*modelTally
	touched []*modelTally // since the last Commit or Rollback, in order of their first observation
}

// TallyKey names one tally.
type TallyKey struct{ Model, Version, Region string }

// Resumed is the newest sample of one series, from which its total goes on.
type Resumed struct {
	Labels labels.Labels
	TimeMS int64
	Value  float64
}

// Emit takes one sample of a row.
type Emit func(column *Column, timeMS int64, value float64)

// NewTally makes an empty tally of at most limit models (0: as Limits has it). resume gives the
// newest samples that the store has for a model when its first observation comes, so that totals do
// not fall back to zero with a restart; nil: there are none.
func NewTally(limit int, resume func(TallyKey) []Resumed) *Tally {
	if resume == nil {
		resume = func(TallyKey) []Resumed { return nil }
	}
	if limit <= 0 {
		limit = Limits{}.withDefaults().ObservedModels
	}
	return &Tally{limit: limit, resume: resume, models: map[TallyKey]*modelTally{}}
}

// Add counts one observation. nowMS is its time if it has none itself. emit is called with the row
// that this observation ends, if any.
func (t *Tally) Add(o Observation, nowMS int64, emit Emit) error {
	key := TallyKey{o.Model, o.Version, o.Region}
	m := t.models[key]
	if m == nil {
		if len(t.models) >= t.limit {
			return &tsdb.LimitError{Limit: "observed models", Max: t.limit, Series: key.labels("")}
		}
		m = newModelTally(key, t.resume(key))
		t.models[key] = m
	}
	if o.TimeMS != nil {
		nowMS = *o.TimeMS
	}
	if m.dirty && nowMS/1000 > m.rowMS/1000 {
		m.emitRow(emit)
	}
	if !m.touched {
		m.touched = true
		t.touched = append(t.touched, m)
	}
	m.count(o)
	m.rowMS = max(m.rowMS, nowMS, m.lastMS+1)
	m.dirty = true
	return nil
}

// Flush gives out the rows of all models that have new observations.
func (t *Tally) Flush(emit Emit) {
	for _, m := range t.touched {
		if m.dirty {
			m.emitRow(emit)
		}
	}
}

// Commit says that all that was given out is stored.
func (t *Tally) Commit() { t.settle((*modelTally).commit) }

// Rollback forgets all observations since the last Commit.
func (t *Tally) Rollback() { t.settle((*modelTally).rollback) }

func (t *Tally) settle(end func(*modelTally)) {
	for _, m := range t.touched {
		end(m)
		m.touched, m.dirty = false, false
	}
	t.touched = t.touched[:0]
}

// labels are those of a series of this tally; what is empty is absent.
func (k TallyKey) labels(metric string, more ...string) labels.Labels {
	pairs := append([]string{labels.MetricName, metric, "model", k.Model, "version", k.Version, "region", k.Region}, more...)
	return labels.FromStrings(pairs...).WithoutEmpty()
}

// Column is one series of a tally.
type Column struct {
	// Labels name the series.
	Labels labels.Labels
	// Series is for the one who stores: the id under which the store knows it; 0 is not asked yet.
	Series tsdb.SeriesID

	metric string
	// scale makes totals integers: sums are then exact, do not depend on the order, and are short
	// decimals, which compress well. total counts all observations, last is what the newest row has,
	// stored what the store has.
	scale               float64
	total, last, stored int64
	begun               bool // the store has a sample of it
	given               bool // a row has it since the last commit
}

func (c *Column) add(value float64) { c.total += int64(math.Round(value * c.scale)) }
func (c *Column) set(value float64) { c.total = int64(math.Round(value * c.scale)) }
func (c *Column) value() float64    { return float64(c.total) / c.scale }

func (c *Column) String() string { return fmt.Sprintf("%s %v", c.Labels, c.value()) }
