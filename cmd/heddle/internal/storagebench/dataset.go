// Package storagebench sends the same samples to several stores, and compares what they take: bytes
// on disk, processor time and memory, and whether every sample comes back as it was.
package storagebench

import (
	"iter"

	"github.com/prometheus/prometheus/model/labels"
)

// Dataset is what every store is sent.
type Dataset struct {
	Name    string
	Targets []Target
	// FirstMS and LastMS bound the times of all samples.
	FirstMS, LastMS int64
	// Steps is how many rows the longest target has.
	Steps int
}

// Series is how many series all targets have.
func (d *Dataset) Series() int {
	n := 0
	for _, target := range d.Targets {
		n += len(target.Series())
	}
	return n
}

// Target is a source whose series arrive together, like one scraped process.
type Target interface {
	// Series are the labels of all its series; rows refer to them by place.
	Series() []labels.Labels
	// Selector is a PromQL selector that matches exactly these series.
	Selector() string
	// Rows yields the same rows each time it is called, in the order of time.
	Rows() iter.Seq[Row]
}

// Row is one scrape of a target.
type Row struct {
	TimeMS int64
	// Values is parallel to the target's series and valid until the next row. A row may be shorter: it
	// has none of the series behind its end.
	Values []float64
	// Absent is nil when the row has all of its values; else it marks those that it lacks.
	Absent []bool
}

// has reports whether the row has a sample of the i-th series.
func (r Row) has(i int) bool {
	return i < len(r.Values) && (r.Absent == nil || !r.Absent[i])
}
