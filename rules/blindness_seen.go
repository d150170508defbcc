package rules

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// sighted is what a store has under the names that rules look for, so that a hint can say what is there
// instead.
type sighted struct {
	ctx    context.Context
	store  storage.Queryable
	now    time.Time
	byName map[string][]labels.Labels
	// metrics are all names of the store, read when a hint first needs them; err is what failed then.
	metrics []string
	read    bool
	err     error
}

// maxSighted is how many series of one name are looked at: enough to see their labels and what
// values these have.
const maxSighted = 1000

// maxShownValues is how many values of a label a hint shows.
const maxShownValues = 6

// look reads series with a name that had samples in the last ageReach.
func (s *sighted) look(name string) error {
	from, to := s.now.Add(-ageReach).UnixMilli(), s.now.UnixMilli()
	querier, err := s.store.Querier(from, to)
	if err != nil {
		return err
	}
	defer querier.Close()
	set := querier.Select(s.ctx, false, &storage.SelectHints{Start: from, End: to, Func: "series"},
		labels.MustNewMatcher(labels.MatchEqual, labels.MetricName, name))
	for len(s.byName[name]) < maxSighted && set.Next() {
		s.byName[name] = append(s.byName[name], set.At().Labels())
	}
	return set.Err()
}

// of returns the series under the names of a metric.
func (s *sighted) of(m *metric) (series []labels.Labels) {
	for name := range m.roles {
		series = append(series, s.byName[name]...)
	}
	return series
}

// labels returns the labels that every series of a metric that its where takes has, without the name.
func (s *sighted) labels(m *metric) []string {
	counts, series := map[string]int{}, 0
	for _, one := range s.of(m) {
		if !m.takes(one) {
			continue
		}
		series++
		one.Range(func(l labels.Label) { counts[l.Name]++ })
	}
	maps.DeleteFunc(counts, func(name string, n int) bool {
		return n < series || name == labels.MetricName || name == labels.BucketLabel && m.kind == syntax.Histogram
	})
	return slices.Sorted(maps.Keys(counts))
}

// values says which values the labels of a metric's where have.
func (s *sighted) values(m *metric) string {
	var parts []string
	for _, matcher := range slices.Concat(m.where...) {
		found := map[string]bool{}
		for _, one := range s.of(m) {
			found[one.Get(matcher.Name)] = true
		}
		switch values := slices.Sorted(maps.Keys(found)); {
		case len(values) == 1 && values[0] == "":
			parts = append(parts, "no series has the label "+matcher.Name)
		case len(values) > maxShownValues:
			parts = append(parts, fmt.Sprintf("%s is %s and %d others", matcher.Name, quoteList(values[:maxShownValues]), len(values)-maxShownValues))
		default:
			parts = append(parts, matcher.Name+" is "+quoteList(values))
		}
	}
	return "among what arrives " + strings.Join(parts, ", ")
}

func quoteList(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = fmt.Sprintf("%q", w)
	}
	return strings.Join(quoted, ", ")
}

// similar is the hint for a metric that does not exist.
func (s *sighted) similar(m *metric) string {
	if !s.read {
		s.read = true
		s.metrics, s.err = s.allNames()
	}
	for name := range m.roles {
		if slices.Contains(s.metrics, name) {
			return fmt.Sprintf("%s was there at another time, but not in the %s before this one", name, formatDuration(ageReach))
		}
	}
	for _, source := range m.sources {
		if m.kind != syntax.Histogram && slices.Contains(s.metrics, source+"_bucket") {
			return fmt.Sprintf("it is a histogram: metric %s = histogram %q", m.name, source)
		}
		if meant := s.meant(m, source); meant != "" {
			return fmt.Sprintf("did you mean %q?", meant)
		}
	}
	return `compare the name with what arrives: heddle query 'group by (__name__) ({__name__!=""})'`
}

func (s *sighted) allNames() ([]string, error) {
	querier, err := s.store.Querier(s.now.Add(-ageReach).UnixMilli(), s.now.UnixMilli())
	if err != nil {
		return nil, err
	}
	defer querier.Close()
	names, _, err := querier.LabelValues(s.ctx, labels.MetricName, nil)
	return names, err
}

// meant returns the name of the store that a mistyped source most likely means: the same with another
// ending (_total, _seconds), or else one that is spelled alike; "" where none is near.
func (s *sighted) meant(m *metric, source string) string {
	var names []string
	for _, name := range s.metrics {
		if m.kind == syntax.Histogram {
			for _, suffix := range []string{"_bucket", "_count", "_sum"} {
				name = strings.TrimSuffix(name, suffix)
			}
		}
		names = append(names, name)
	}
	for _, name := range names {
		if strings.HasPrefix(name, source+"_") || strings.HasPrefix(source, name+"_") && slices.Contains(unitEndings, strings.TrimPrefix(source, name)) {
			return name
		}
	}
	return syntax.Suggest(source, slices.Values(names))
}

// unitEndings are what collectors add to names, or take away.
var unitEndings = []string{"_total", "_seconds", "_seconds_total", "_bytes", "_bytes_total", "_ratio"}
