package tsdb

import "errors"

// rawView is where the raw samples of a group are at one moment.
type rawView struct {
	group      *group
	blocks     []*block
	memory     []column // of the series that is read
	mint, maxt int64
}

// viewRaw collects what memory and blocks have of a series. It expects db.blocks.mu to be held.
func (db *DB) viewRaw(g *group, col int, mint, maxt int64) (rawView, error) {
	v := rawView{group: g, mint: mint, maxt: maxt}
	if mint > maxt {
		return v, nil
	}
	v.blocks = db.blocks.acquireLocked(mint, maxt)
	var err error
	v.memory, err = g.columns(col, mint, maxt, nil)
	return v, err
}

func (v *rawView) release() error { return releaseAll(v.blocks) }

// samples decodes what the view has of a series.
func (v *rawView) samples(id SeriesID) (column, error) {
	// Blocks come first: where a sample is in both, after a crash, they are the same.
	var parts []column
	for _, b := range v.blocks {
		for _, e := range b.of(v.group.id) {
			if e.maxt < v.mint || e.mint > v.maxt {
				continue
			}
			c, err := b.column(e, id)
			if err != nil {
				return column{}, err
			}
			parts = append(parts, c.between(v.mint, v.maxt))
		}
	}
	return mergeColumns(append(parts, v.memory...)), nil
}

// samples returns the samples of a series in a time range, both ends included, from memory, blocks
// and rollups. function is the PromQL function that is applied to a range of them, or empty.
func (db *DB) samples(id SeriesID, mint, maxt int64, function string) (column, error) {
	raw, past, err := db.history(id, mint, maxt, fieldsOf(function))
	if err != nil || len(past) == 0 {
		return raw, err
	}
	var parts []column
	for i := range past {
		c := past[i].samples(function)
		parts = append(parts, c.between(mint, maxt))
	}
	return mergeColumns(append(parts, raw)), nil
}

// hasSamples reports whether a series has samples in a time range. It decodes no values.
func (db *DB) hasSamples(id SeriesID, mint, maxt int64) (_ bool, err error) {
	g, col := db.head.locate(id)
	if g == nil || mint > maxt {
		return false, nil
	}
	db.blocks.mu.RLock()
	rawMint := max(mint, db.rawFrom)
	views := db.rollupViews(mint, min(maxt, db.rawFrom-1))
	var blocks []*block
	has := false
	if rawMint <= maxt {
		blocks = db.blocks.acquireLocked(rawMint, maxt)
		has = g.hasSamples(col, rawMint, maxt)
	}
	db.blocks.mu.RUnlock()
	defer func() { err = errors.Join(err, releaseAll(blocks), releaseViews(views)) }()
	if has {
		return true, nil
	}
	for _, b := range blocks {
		for _, e := range b.of(g.id) {
			if e.maxt < rawMint || e.mint > maxt {
				continue
			}
			if has, err := b.has(e, id, rawMint, maxt); has || err != nil {
				return has, err
			}
		}
	}
	for i := range views {
		v := &views[i]
		if has, err := v.has(g.id, id, v.mint, max(maxt, v.mint)-v.set.stepMS+1); has || err != nil {
			return has, err
		}
	}
	return false, nil
}
