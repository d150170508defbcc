package tsdb

import (
	"testing"

	"github.com/neuroweaver/heddle/tsdb/codec"
)

// TestGroupCacheIsBounded: opened group-blocks count with all that reading them has decoded.
func TestGroupCacheIsBounded(t *testing.T) {
	var columns []seriesColumn
	for bucket := range 12 { // of a histogram: each column is coded by the one before
		c := seriesColumn{series: SeriesID(bucket + 1), family: 1}
		for row := range 2000 {
			c.column.append(int64(row)*15_000, cell{value: float64(row*(bucket+1) + row*row%7)})
		}
		columns = append(columns, c)
	}
	data, err := new(groupBuilder).fromColumns(nil, columns, codec.Cold)
	if err != nil {
		t.Fatal(err)
	}
	cache := newGroupCache(1 << 20)
	largest := 0
	for key := range 50 {
		err := cache.use(key, func() ([]byte, error) { return data, nil }, func(g *groupBlock) error {
			for id := range SeriesID(12) {
				if c, err := g.column(id + 1); err != nil || c.len() != 2000 {
					t.Fatalf("%d samples, %v", c.len(), err)
				}
			}
			largest = max(largest, g.memory())
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		bytes := 0
		for _, element := range cache.entries {
			bytes += element.Value.(*cachedGroup).block.memory()
		}
		if bytes != cache.bytes || bytes > cache.capacity {
			t.Fatalf("%d group-blocks take %d bytes, counted as %d of %d", len(cache.entries), bytes, cache.bytes, cache.capacity)
		}
	}
	if largest < 2*len(data) || len(cache.entries) == 0 || len(cache.entries) == 50 {
		t.Fatalf("%d group-blocks of %d bytes, %d encoded", len(cache.entries), largest, len(data))
	}
}
