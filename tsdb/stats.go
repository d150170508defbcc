package tsdb

// Stats describes a store at one moment.
type Stats struct {
	Series       int   // series that the index knows
	Groups       int   // groups that take samples
	Blocks       int   // immutable blocks
	BlockBytes   int64 // on disk
	BlockSamples int64 // in blocks
	RollupBlocks int
	RollupBytes  int64 // on disk
	LogBytes     int64 // write-ahead log on disk
	SeriesBytes  int64 // log of all series on disk
	HeadBytes    int64 // samples in memory, encoded or not
	HeadSamples  int64
	MinTimeMS    int64 // oldest raw sample; 0 where there is none
	MaxTimeMS    int64 // newest sample
}

// Stats describes the store now. It walks all groups.
func (db *DB) Stats() Stats {
	s := db.sizes()
	mint, maxt := int64(maxTime), int64(noTime)
	db.blocks.mu.RLock()
	for _, b := range db.blocks.blocks {
		mint, maxt = min(mint, b.meta.mint), max(maxt, b.meta.maxt)
	}
	db.blocks.mu.RUnlock()
	groups := db.head.all()
	s.Groups = len(groups)
	for _, g := range groups {
		g.mu.RLock()
		for _, c := range g.sealed {
			s.HeadBytes += int64(c.size())
			s.HeadSamples += int64(c.samples)
			mint, maxt = min(mint, c.mint()), max(maxt, c.maxt())
		}
		for _, c := range []*openChunk{&g.open, &g.late} {
			s.HeadBytes += int64(8 * (cap(c.values) + cap(c.times) + cap(c.present)))
			s.HeadSamples += int64(c.samples)
			if n := c.rows(); n > 0 {
				mint, maxt = min(mint, c.times[0]), max(maxt, c.times[n-1])
			}
		}
		g.mu.RUnlock()
	}
	if mint <= maxt {
		s.MinTimeMS, s.MaxTimeMS = mint, maxt
	}
	return s
}

// sizes is the cheap part of Stats.
func (db *DB) sizes() Stats {
	s := Stats{Series: db.head.index.Len()}
	db.blocks.mu.RLock()
	defer db.blocks.mu.RUnlock()
	for _, b := range db.blocks.blocks {
		s.Blocks++
		s.BlockBytes += b.size
		s.BlockSamples += b.meta.samples
	}
	for _, r := range db.rollups {
		r.mu.RLock()
		for _, b := range r.blocks {
			s.RollupBlocks++
			s.RollupBytes += b.size
		}
		r.mu.RUnlock()
	}
	s.LogBytes, s.SeriesBytes = db.log.Bytes(), db.seriesLog.Bytes()
	return s
}
