package codec

import "encoding/binary"

// leanKind is how the samples of a column lean on other columns. It is stored as a byte.
type leanKind uint8

const (
	leanNot        leanKind = iota
	leanDifference          // otherColumn: stored less that column, which may lean so too
	leanShortfall           // otherColumn: stored as what is missing to that column, which may lean so too
	leanSum                 // addends: stored less the sum of one or two columns that are no sums or products
	leanProduct             // factors: stored by the distance from what count and mean make of the value before
	leanMultiple            // multiple: stored less a multiple of a column that leans on no others but buckets
)

// lean says on which columns a column leans.
type lean struct {
	kind    leanKind
	on      int     // column, of leanDifference and leanShortfall
	sum     addends // of leanSum
	factors factors // of leanProduct

	multiple multiple // of leanMultiple
}

// lean reads how column i of n leans.
func (c *cursor) lean(i, n int) lean {
	l := lean{kind: leanKind(c.byte())}
	switch l.kind {
	case leanDifference, leanShortfall:
		l.on = c.otherColumn(i, n)
	case leanSum:
		l.sum = c.addends(i, n)
	case leanProduct:
		l.factors = c.factors(i, n)
	case leanMultiple:
		l.multiple = c.multiple(i, n)
	default:
		c.fail("column leans in the unknown way %d", l.kind)
	}
	return l
}

// chained reports whether the column leans on one other, which may be chained too.
func (l *lean) chained() bool { return l.kind == leanDifference || l.kind == leanShortfall }

// otherColumn reads the distance (zigzag varint) from column i of n to another one.
func (c *cursor) otherColumn(i, n int) int {
	distance := c.varint()
	at := int64(i) + distance
	if distance == 0 || distance != int64(int32(distance)) || at < 0 || at >= int64(n) {
		c.fail("%d columns from column %d of %d", distance, i, n)
		return 0
	}
	return int(at)
}

// appendLeaning appends the samples of column i by what they add to other columns, if there is such
// a relation and it makes them smaller.
func (e *Encoder) appendLeaning(dst []byte, g *Group, i int, bitmapOf []int, tier Tier) ([]byte, bool) {
	values := g.Columns[i].Floats
	if j, kind := e.neighbour(g, i, bitmapOf); j >= 0 {
		dst := binary.AppendVarint(append(dst, byte(kind)), int64(j-i))
		if out, ok := e.appendDifference(dst, values, g.Columns[j].Floats, kind, tier); ok {
			return out, true
		}
	}
	if sum, ok := e.sums[i]; ok {
		if out, ok := e.appendSum(dst, g, i, sum, tier); ok {
			return out, true
		}
	}
	if f, ok := e.products[i]; ok {
		return e.appendProduct(dst, g, i, f, tier), true
	}
	if m, ok := e.multiples[i]; ok {
		return e.appendMultiple(dst, g, i, m, tier)
	}
	return dst, false
}

// mayLean reports whether column i may be part of a sum or a product: a float column that is long
// enough to pay, and no alias, but of a bucket, which is never more than a difference.
func (e *Encoder) mayLean(g *Group, i int) bool {
	c := &g.Columns[i]
	target := e.aliasOf[i]
	return c.Kind() == KindFloat && c.Starts == nil && len(c.Floats) >= minEntropy &&
		(target < 0 || g.Columns[target].Family != 0)
}
