package tsdb

// sealedChunk is a group-block in memory: rows that no longer change, until a flush writes them.
type sealedChunk struct {
	data       []byte
	mint, maxt int64
	rows       int
	samples    int
}

// column decodes the samples of one series.
func (s *sealedChunk) column(id SeriesID) (column, error) {
	block, err := openGroupBlock(s.data)
	if err != nil {
		return column{}, err
	}
	return block.column(id)
}

// has reports whether a series has samples here.
func (s *sealedChunk) has(id SeriesID) bool {
	series, _, err := readSeries(s.data)
	if err != nil {
		return false
	}
	for _, other := range series {
		if other == id {
			return true
		}
	}
	return false
}
