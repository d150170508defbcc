// Package codec turns groups of time-series columns into bytes and back, losslessly.
//
// The unit is a block: the columns that one sender writes together (counters, gauges, buckets of
// histograms), up to MaxRows rows of them. Columns share their timestamps (axes) and lean on each
// other where they carry the same information. What comes back is equal bit for bit: -0, every NaN
// payload, infinities and denormals included.
//
// [Encoder.Append] writes a block, [OpenGroup] reads one; a [GroupReader] decodes only the columns
// it is asked for and what those depend on. The package is pure: no I/O, no clock, no goroutines.
// The layout is drawn in docs/format/columns.md.
package codec
