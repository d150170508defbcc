package rules

import (
	"slices"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/tsdb"
)

// missed is what was committed while a Load was reading the store. Whatever of it the Load has read
// as well is a duplicate to the windows.
type missed struct {
	rows  []missedRow
	names map[tsdb.SeriesID]labels.Labels
}

type missedRow struct {
	tsdb.Row
	at moment
}

// keep copies a batch; on nil it does nothing.
func (k *missed) keep(b *tsdb.Batch, m moment, name func(tsdb.SeriesID) labels.Labels) {
	if k == nil || name == nil {
		return
	}
	for _, r := range b.Rows {
		copied := tsdb.Row{TimeMS: r.TimeMS, Series: slices.Clone(r.Series), Values: slices.Clone(r.Values)}
		if r.Histograms != nil {
			copied.Histograms = make([]*histogram.FloatHistogram, len(r.Histograms))
			for i, h := range r.Histograms {
				if h != nil {
					copied.Histograms[i] = h.Copy()
				}
			}
		}
		k.rows = append(k.rows, missedRow{copied, m})
		for _, id := range r.Series {
			if _, ok := k.names[id]; !ok {
				k.names[id] = name(id)
			}
		}
	}
}

// name gives the labels of a kept series.
func (k *missed) name(id tsdb.SeriesID) labels.Labels { return k.names[id] }
