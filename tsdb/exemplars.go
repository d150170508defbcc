package tsdb

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
)

// maxExemplars bounds the exemplars in memory; the oldest to arrive go first. They point from a
// metric to a few recent requests, and nobody pages through more.
const maxExemplars = 100_000

// exemplarStore keeps the newest exemplars in memory.
type exemplarStore struct {
	mu     sync.RWMutex // guards the fields below; a leaf
	ring   []seriesExemplar
	next   int // the oldest, once the ring is full
	newest map[SeriesID]exemplar.Exemplar
}

func newExemplarStore() *exemplarStore {
	return &exemplarStore{newest: map[SeriesID]exemplar.Exemplar{}}
}

// add keeps an exemplar and reports whether it did: one that its series had last is not kept again.
func (s *exemplarStore) add(id SeriesID, e exemplar.Exemplar) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if newest, has := s.newest[id]; has && newest.Equals(e) {
		return false
	}
	s.newest[id] = e
	if len(s.ring) < maxExemplars {
		s.ring = append(s.ring, seriesExemplar{id, e})
		return true
	}
	if old := s.ring[s.next]; s.newest[old.id].Equals(old.exemplar) {
		delete(s.newest, old.id)
	}
	s.ring[s.next] = seriesExemplar{id, e}
	s.next = (s.next + 1) % maxExemplars
	return true
}

// isNewest reports whether a series had this exemplar last.
func (s *exemplarStore) isNewest(id SeriesID, e exemplar.Exemplar) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	newest, has := s.newest[id]
	return has && newest.Equals(e)
}

// all returns the exemplars from the oldest to the newest to arrive.
func (s *exemplarStore) all() []seriesExemplar {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return append(slices.Clone(s.ring[s.next:]), s.ring[:s.next]...)
}

// ExemplarQuerier reads exemplars.
func (db *DB) ExemplarQuerier(context.Context) (storage.ExemplarQuerier, error) {
	if db.isClosed() {
		return nil, ErrClosed
	}
	return exemplarQuerier{db}, nil
}

type exemplarQuerier struct{ db *DB }

// Select returns the exemplars of the series that any of the matcher sets selects, by labels and
// time.
func (q exemplarQuerier) Select(start, end int64, matchers ...[]*labels.Matcher) ([]exemplar.QueryResult, error) {
	selected := map[SeriesID][]exemplar.Exemplar{}
	for _, set := range matchers {
		for _, id := range q.db.head.index.Matching(set...) {
			selected[SeriesID(id)] = nil
		}
	}
	for _, e := range q.db.exemplars.all() {
		if _, is := selected[e.id]; is && e.exemplar.Ts >= start && e.exemplar.Ts <= end {
			selected[e.id] = append(selected[e.id], e.exemplar)
		}
	}
	var results []exemplar.QueryResult
	for id, exemplars := range selected {
		if len(exemplars) == 0 {
			continue
		}
		slices.SortStableFunc(exemplars, func(a, b exemplar.Exemplar) int { return cmp.Compare(a.Ts, b.Ts) })
		results = append(results, exemplar.QueryResult{SeriesLabels: q.db.Labels(id), Exemplars: exemplars})
	}
	slices.SortFunc(results, func(a, b exemplar.QueryResult) int { return labels.Compare(a.SeriesLabels, b.SeriesLabels) })
	return results, nil
}
