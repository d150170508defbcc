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
//
// To read the source, go down these layers; each file owns one concept:
//
//	group.go, encoder.go, reader.go           a block: its content, writing, reading
//	times.go, presence.go                     what columns share
//	column.go, columnread.go, summary.go      one column
//	alias.go, lean.go, difference.go,         columns that say what others say
//	kept.go, sums.go, product.go, multiple.go
//	floats.go, floatsread.go, unit.go,        floats as integers
//	findunit.go, divisor.go, ulps.go,
//	orderedbits.go, exceptions.go, number.go
//	native.go, nativeread.go, layout.go       native histograms as columns of columns
//	ints.go, plan.go, roughplan.go, predict.go  integers as residuals
//	frames.go, bitpack.go, spread.go          residuals as bits, changes as rows
//	entropy.go, tokens.go, tans.go, table.go  residuals as entropy-coded tokens
//	cursor.go, bitstream.go, bitmap.go        bytes, bits
//	kernels*.go, framejob.go, avx*_amd64.s    what AVX2 and AVX-512 do instead of Go
package codec
