// Package window keeps streaming aggregates over sliding windows of time series.
//
// A [Series] holds the recent samples of one series and one window for each [Spec] of its [Plan]. A
// window is two cursors into the samples and an aggregate: samples enter at the right edge and leave
// at the left, so each costs O(1) amortised and nothing is scanned again. A late sample within the
// grace is put in its place, and into the windows that hold it.
//
// The series of a group share the times of their newest samples and have a column of values each
// (rows.go, column.go). What a late sample can no longer reach and is older than a few hundred samples is
// packed without loss, and unpacked when the edge of a window comes by (pane.go, sealed.go, integers.go).
//
// A window covers (end − width, end], open on the left as in PromQL. Its end is the newest sample
// of the series' group, and moves on with the server's clock once the group is silent: see
// [Clock].
//
// The functions of the rule language are one file each. They take the series of one rule instance,
// which they combine, and return a [Result]. There is no I/O here and no wall clock.
package window

// Result is the value of a window function for one instance.
type Result struct {
	// Value is meaningless unless Known. A NaN is never known.
	Value float64
	// Samples is how many samples it rests on.
	Samples int32
	Known   bool
}

// known makes a result of a number; NaN is no number.
func known(v float64, samples int) Result {
	return Result{Value: v, Known: v == v, Samples: int32(samples)}
}

// unknown is the result where there is not enough data.
func unknown(samples int) Result { return Result{Samples: int32(samples)} }
