package tsdb

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/prometheus/prometheus/model/labels"
)

// columnLayout says in which order the columns of a group are encoded, and which of them are the
// buckets of one classic histogram: those compress against their neighbours.
type columnLayout struct {
	order    []uint16 // columns in the order of encoding
	families []uint16 // by column: 0, or the number of its histogram
}

// histogramKey names a classic histogram: its metric and a hash of all other labels but le. Should two have
// one hash, their buckets take more bytes, no more.
type histogramKey struct {
	name   string
	labels uint64
}

// newColumnLayout lays out series by their labels.
func newColumnLayout(series []SeriesID, labelsOf func(SeriesID) labels.Labels) columnLayout {
	layout := columnLayout{order: make([]uint16, len(series)), families: make([]uint16, len(series))}
	bounds := make([]float64, len(series))
	numbers := map[histogramKey]uint16{}
	var buf []byte
	for col, id := range series {
		layout.order[col] = uint16(col)
		ls := labelsOf(id)
		le, err := strconv.ParseFloat(ls.Get(labels.BucketLabel), 64)
		if err != nil {
			continue
		}
		key := histogramKey{name: ls.Get(labels.MetricName)}
		key.labels, buf = ls.HashWithoutLabels(buf, labels.BucketLabel)
		if numbers[key] == 0 {
			numbers[key] = uint16(len(numbers) + 1)
		}
		layout.families[col], bounds[col] = numbers[key], le
	}
	// Plain columns keep their order and come first; then one histogram after another by bound.
	slices.SortStableFunc(layout.order, func(a, b uint16) int {
		return cmp.Or(cmp.Compare(layout.families[a], layout.families[b]), cmp.Compare(bounds[a], bounds[b]))
	})
	return layout
}

// columnPlace is where a series stands in a group-block.
type columnPlace struct {
	rank   int
	family int // 0, or the number of its histogram
}

// places returns the layout by series.
func (l columnLayout) places(series []SeriesID) map[SeriesID]columnPlace {
	places := make(map[SeriesID]columnPlace, len(l.order))
	for rank, col := range l.order {
		places[series[col]] = columnPlace{rank, int(l.families[col])}
	}
	return places
}
