package codec

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// A block is
//
//	"HCB" and the version; varints: how many axes, bitmaps, columns, tables;
//	a varint for the length in bytes of each of these, in this order; then they themselves.
//
// A bitmap is the varint of its axis and the bitmap. Columns are in column.go.
const (
	magic   = "HCB"
	version = 2
	// oldestVersion is still read: version 2 added multiples and paces.
	oldestVersion = 1
)

// Encoder writes blocks. It keeps working memory between blocks, so one Encoder per goroutine that
// writes many is the way to use it. The zero value is ready. It is not safe for concurrent use.
type Encoder struct {
	// Mended counts the blocks that did not read back as they were meant, and were written anew with each
	// column alone. It is 0 unless the encoder has a mistake.
	Mended int

	body    []byte     // items in the order of the directory
	sizes   []int      // their lengths
	ended   int        // end of the last item in body
	bitmaps [][]uint64 // distinct presence bitmaps of the block
	owner   []int      // for each bitmap its axis

	tables  []*table // entropy tables of the block
	offered *table   // a table that chooseTable made and nobody has taken yet

	related   bool             // columns may lean on each other
	products  map[int]factors  // sums that follow a count and a mean
	sums      map[int]addends  // columns that are sums of others
	multiples map[int]multiple // columns that grow with others
	above     map[int]int      // buckets that lean on the next higher one, and on which column
	chain     []int            // distinct columns of one histogram
	aliasOf   []int            // for each column the earlier one that is the same, or -1
	leads     []bool           // for each column whether a bucket is its alias: others of the histogram may lean on it

	// Working memory of one stream.
	leave                                        []tansBits
	side                                         []byte
	values, other, rest, residuals, gaps, sorted []int64
	mapped                                       []uint64
	distinct                                     []float64
	exceptions                                   []int
	plan                                         planScratch

	// What blocks are read back with.
	reader     GroupReader
	back       []int64
	floatsBack []float64
}

// Append appends the block of g to dst, which reads back as g. An error means that g is not a valid group
// (see Group and Column); dst is then returned as it came.
func (e *Encoder) Append(dst []byte, g *Group, tier Tier) ([]byte, error) {
	if err := g.check(); err != nil {
		return dst, err
	}
	before := len(dst)
	dst = e.append(dst, g, tier, true)
	err := e.readBack(dst[before:], g)
	if err != nil {
		e.Mended++
		dst = e.append(dst[:before], g, tier, false)
		err = e.readBack(dst[before:], g)
	}
	e.reader.src = nil // the block is the caller's
	if err != nil {
		return dst[:before], fmt.Errorf("codec: a block does not read back: %w", err)
	}
	return dst, nil
}

// append appends the block of g, with the relations between its columns or with each column alone.
func (e *Encoder) append(dst []byte, g *Group, tier Tier, related bool) []byte {
	e.reset()
	for _, times := range g.Times {
		e.body = e.appendTimes(e.body, times, tier)
		e.endItem()
	}
	bitmapOf := e.collectBitmaps(g)
	for i, bitmap := range e.bitmaps {
		e.body = binary.AppendUvarint(e.body, uint64(e.owner[i]))
		e.body = e.appendBitmap(e.body, bitmap, len(g.Times[e.owner[i]]), tier)
		e.endItem()
	}
	e.forgetRelations(len(g.Columns))
	e.related = related
	if related {
		e.findAliases(g, bitmapOf)
		e.findTotals(g, bitmapOf)
	}
	if related && tier == Cold {
		e.sums = e.findSums(g, bitmapOf)
		e.products = e.findProducts(g, bitmapOf)
		e.multiples = e.findMultiples(g, bitmapOf)
	}
	for i := range g.Columns {
		e.body = e.appendColumn(e.body, g, i, bitmapOf, tier)
		e.endItem()
	}
	for _, t := range e.tables {
		e.body = t.append(e.body)
		e.endItem()
	}
	dst = append(dst, magic...)
	dst = append(dst, version)
	for _, n := range []int{len(g.Times), len(e.bitmaps), len(g.Columns), len(e.tables)} {
		dst = binary.AppendUvarint(dst, uint64(n))
	}
	for _, size := range e.sizes {
		dst = binary.AppendUvarint(dst, uint64(size))
	}
	return append(dst, e.body...)
}

// forgetRelations leaves each of n columns alone.
func (e *Encoder) forgetRelations(n int) {
	e.sums, e.products, e.multiples = nil, nil, nil
	clear(e.above)
	clear(grow(&e.leads, n))
	e.aliasOf = e.aliasOf[:0]
	for range n {
		e.aliasOf = append(e.aliasOf, -1)
	}
}

// reset forgets the last block.
func (e *Encoder) reset() {
	e.body, e.sizes, e.ended = e.body[:0], e.sizes[:0], 0
	e.bitmaps, e.owner, e.tables = e.bitmaps[:0], e.owner[:0], e.tables[:0]
}

// endItem notes that an item of the directory ends here.
func (e *Encoder) endItem() {
	e.sizes = append(e.sizes, len(e.body)-e.ended)
	e.ended = len(e.body)
}

// collectBitmaps finds the distinct presence bitmaps and returns for each column the index of its,
// or -1.
func (e *Encoder) collectBitmaps(g *Group) []int {
	of := make([]int, len(g.Columns))
	for i := range g.Columns {
		c := &g.Columns[i]
		of[i] = -1
		if c.samples() == len(g.Times[c.Axis]) {
			continue
		}
		for j, bitmap := range e.bitmaps {
			if e.owner[j] == c.Axis && slices.Equal(bitmap, c.Present) {
				of[i] = j
				break
			}
		}
		if of[i] < 0 {
			of[i] = len(e.bitmaps)
			e.bitmaps = append(e.bitmaps, c.Present)
			e.owner = append(e.owner, c.Axis)
		}
	}
	return of
}
