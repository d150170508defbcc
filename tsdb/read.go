package tsdb

import "errors"

// samples returns the samples of a series in a time range, both ends included, from memory and
// blocks.
func (db *DB) samples(id SeriesID, mint, maxt int64) (_ column, err error) {
	g, col := db.head.locate(id)
	if g == nil || mint > maxt {
		return column{}, nil
	}
	db.blocks.mu.RLock()
	blocks := db.blocks.acquireLocked(mint, maxt)
	memory, err := g.columns(col, mint, maxt, nil)
	db.blocks.mu.RUnlock()
	defer func() { err = errors.Join(err, releaseAll(blocks)) }()
	if err != nil {
		return column{}, err
	}
	// Blocks come first: where a sample is in both, after a crash, they are the same.
	var parts []column
	for _, b := range blocks {
		for _, e := range b.of(g.id) {
			if e.maxt < mint || e.mint > maxt {
				continue
			}
			c, err := b.column(e, id)
			if err != nil {
				return column{}, err
			}
			parts = append(parts, c.between(mint, maxt))
		}
	}
	return mergeColumns(append(parts, memory...)), nil
}

// hasSamples reports whether a series has samples in a time range. It decodes no values.
func (db *DB) hasSamples(id SeriesID, mint, maxt int64) (_ bool, err error) {
	g, col := db.head.locate(id)
	if g == nil || mint > maxt {
		return false, nil
	}
	db.blocks.mu.RLock()
	blocks := db.blocks.acquireLocked(mint, maxt)
	has := g.hasSamples(col, mint, maxt)
	db.blocks.mu.RUnlock()
	defer func() { err = errors.Join(err, releaseAll(blocks)) }()
	if has {
		return true, nil
	}
	for _, b := range blocks {
		for _, e := range b.of(g.id) {
			if e.maxt < mint || e.mint > maxt {
				continue
			}
			if has, err := b.has(e, id, mint, maxt); has || err != nil {
				return has, err
			}
		}
	}
	return false, nil
}
