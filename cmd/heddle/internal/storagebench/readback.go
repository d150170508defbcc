package storagebench

import (
	"context"
	"math"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/peers"
)

// Difference counts how what a store gives back differs from what it was sent.
type Difference struct {
	// Samples is how many were compared.
	Samples int64 `json:"samples"`
	// Missing were sent and are not there; Surplus are there and were never sent.
	Missing int64 `json:"missing"`
	Surplus int64 `json:"surplus"`
	// Changed came back with another value: not the same 64 bits. Every NaN counts as the same, as the
	// query endpoint writes them all alike.
	Changed int64 `json:"changed"`
	// MaxRelativeError is the largest |got−sent|/|sent| among the changed.
	MaxRelativeError float64 `json:"max_relative_error"`
}

// Exact reports whether every sample came back as it was.
func (d Difference) Exact() bool {
	return d.Missing == 0 && d.Surplus == 0 && d.Changed == 0
}

// margin is asked for before and after the data, so that no end of an interval cuts it.
const margin = time.Minute

// ReadBack asks the server for all samples of the data set, target by target, through its query
// endpoint, and compares each with what was sent.
func ReadBack(ctx context.Context, server *peers.Server, data *Dataset, progress func(target int)) (Difference, error) {
	var total Difference
	end := time.UnixMilli(data.LastMS).Add(margin)
	span := end.Sub(time.UnixMilli(data.FirstMS)) + margin
	for i, target := range data.Targets {
		series, err := server.Raw(ctx, target.Selector(), span, end)
		if err != nil {
			return total, err
		}
		total.compare(target, series)
		progress(i + 1)
	}
	return total, nil
}

// compare adds what is different in one target.
func (d *Difference) compare(target Target, series []peers.Series) {
	got := map[uint64][]peers.Point{} // by hash of the labels
	for _, s := range series {
		got[labels.FromMap(s.Metric).Hash()] = s.Values
	}
	wanted := target.Series()
	place := make([]int, len(wanted)) // of the next point of each series
	points := make([][]peers.Point, len(wanted))
	for i, l := range wanted {
		points[i] = got[l.Hash()]
		delete(got, l.Hash())
	}
	for row := range target.Rows() {
		for i, sent := range row.Values {
			if !row.has(i) {
				continue
			}
			d.Samples++
			for place[i] < len(points[i]) && points[i][place[i]].TimeMS < row.TimeMS {
				place[i]++
				d.Surplus++
			}
			if place[i] == len(points[i]) || points[i][place[i]].TimeMS != row.TimeMS {
				d.Missing++
				continue
			}
			d.value(sent, points[i][place[i]].Value)
			place[i]++
		}
	}
	for i := range points {
		d.Surplus += int64(len(points[i]) - place[i])
	}
	for _, unknown := range got {
		d.Surplus += int64(len(unknown))
	}
}

func (d *Difference) value(sent, got float64) {
	if math.Float64bits(sent) == math.Float64bits(got) || math.IsNaN(sent) && math.IsNaN(got) {
		return
	}
	d.Changed++
	if relative := math.Abs(got-sent) / math.Abs(sent); relative > d.MaxRelativeError {
		d.MaxRelativeError = min(relative, math.MaxFloat64) // JSON has no infinity
	}
}
