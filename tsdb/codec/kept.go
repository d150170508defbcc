package codec

// keptColumns is how many columns that others lean on a reader keeps: as many as most histograms have buckets, so
// that reading all of them, in any order, decodes each about once. They take a megabyte for blocks of 8 k rows.
const keptColumns = 16

// keptIntegers are the columns that were decoded last because others lean on them: their values as
// integers, and where a value is none the integer before it.
type keptIntegers struct {
	columns []integerColumn // a ring once it is full
	newest  int
}

type integerColumn struct {
	index int
	unit  unit
	ks    []int64
}

// get returns column index of n samples as integers of a unit, or nil.
func (k *keptIntegers) get(index int, u unit, n int) []int64 {
	for i := range k.columns {
		if c := &k.columns[i]; c.index == index && c.unit == u && len(c.ks) == n {
			return c.ks
		}
	}
	return nil
}

// add makes room for column index of n samples in place of the oldest; the caller fills it.
func (k *keptIntegers) add(index int, u unit, n int) []int64 {
	if len(k.columns) < keptColumns {
		k.columns = append(k.columns, integerColumn{})
		k.newest = len(k.columns) - 1
	} else {
		k.newest = (k.newest + 1) % keptColumns
	}
	c := &k.columns[k.newest]
	c.index, c.unit, c.ks = index, u, grow(&c.ks, n)
	return c.ks
}

// drop forgets the newest, which could not be filled.
func (k *keptIntegers) drop() { k.columns[k.newest].index = -1 }

// forget forgets all of them, and keeps their memory.
func (k *keptIntegers) forget() {
	for i := range k.columns {
		k.columns[i].index = -1
	}
}
