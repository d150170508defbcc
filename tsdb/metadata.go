package tsdb

import (
	"maps"
	"slices"
	"sync"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/metadata"
)

// maxMetadata bounds the metrics that metadata is kept of, against senders that invent names.
const maxMetadata = 100_000

// metadataStore keeps what each metric is, by metric name.
type metadataStore struct {
	mu    sync.RWMutex // guards known; a leaf
	known map[string]metadata.Metadata
}

func newMetadataStore() *metadataStore {
	return &metadataStore{known: map[string]metadata.Metadata{}}
}

// set keeps the metadata of a metric and reports whether that changed anything.
func (s *metadataStore) set(metric string, m metadata.Metadata) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, is := s.known[metric]
	if metric == "" || is && before == m || !is && len(s.known) >= maxMetadata {
		return false
	}
	s.known[metric] = m
	return true
}

// isKnown reports whether set would change nothing.
func (s *metadataStore) isKnown(metric string, m metadata.Metadata) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	known, is := s.known[metric]
	return metric == "" || is && known == m
}

// kind is the type of a metric, empty where it is not known.
func (s *metadataStore) kind(metric string) model.MetricType {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.known[metric].Type
}

func (s *metadataStore) all() map[string]metadata.Metadata {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return maps.Clone(s.known)
}

// Metadata returns what is known of a metric, or of all metrics where metric is empty; of at most
// limit metrics, if that is positive, in the order of their names.
func (db *DB) Metadata(metric string, limit int) map[string][]metadata.Metadata {
	all := db.metadata.all()
	found := map[string][]metadata.Metadata{}
	if metric != "" {
		if m, is := all[metric]; is {
			found[metric] = []metadata.Metadata{m}
		}
		return found
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if limit > 0 && len(found) >= limit {
			break
		}
		found[name] = []metadata.Metadata{all[name]}
	}
	return found
}

// metricName is the name of the metric that a series belongs to.
func (db *DB) metricName(id SeriesID) string {
	return db.Labels(id).Get(model.MetricNameLabel)
}

func newMetadata(kind, unit, help string) metadata.Metadata {
	return metadata.Metadata{Type: model.MetricType(kind), Unit: unit, Help: help}
}
