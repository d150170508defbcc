package tsdb

// sealedChunk is a group-block in memory: rows that no longer change, until a flush writes them.
type sealedChunk struct {
	data       []byte
	mint, maxt int64
	rows       int
	samples    int
}

func (s *sealedChunk) use(cache *groupCache, do func(*groupBlock) error) error {
	return cache.use(s, func() ([]byte, error) { return s.data, nil }, do)
}

// column decodes the samples of one series.
func (s *sealedChunk) column(cache *groupCache, id SeriesID) (c column, err error) {
	err = s.use(cache, func(g *groupBlock) (err error) {
		c, err = g.column(id)
		return err
	})
	return c, err
}

// has reports whether a series has a sample here between two times.
func (s *sealedChunk) has(cache *groupCache, id SeriesID, mint, maxt int64) (has bool, err error) {
	err = s.use(cache, func(g *groupBlock) (err error) {
		has, err = g.has(id, mint, maxt)
		return err
	})
	return has, err
}
