package rules

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/neuroweaver/heddle/rules/detect"
	"github.com/neuroweaver/heddle/rules/window"
)

// meetPast makes the subjects of all series that detectors of a program have a past of in the store. The
// past itself is read later, by Recall.
func (e *Engine) meetPast(ctx context.Context, next *force, clocks map[uint64]*window.Clock, now time.Time) error {
	names := next.shiftNames()
	if e.options.Store == nil || len(names) == 0 {
		return nil
	}
	if err := e.meetStored(ctx, next, names, clocks, now.UnixMilli()-detect.Reach, now); err != nil {
		return fmt.Errorf("looking for the past of shifted: %w", err)
	}
	return nil
}

// shiftNames are the names of the series that detectors count.
func (f *force) shiftNames() []string {
	names := map[string]bool{}
	for _, s := range f.program.scopes {
		for _, number := range s.shifts {
			t := &s.terms[number]
			metrics := []*metric{s.metrics[t.slot]}
			if t.plan.Kind == detect.Share {
				metrics = append(metrics, s.metrics[t.divisor])
			}
			for _, m := range metrics {
				for name := range m.roles {
					names[name] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// meetStored makes the subjects of series that were silent when the windows were rebuilt.
func (e *Engine) meetStored(ctx context.Context, next *force, names []string, clocks map[uint64]*window.Clock, from int64, now time.Time) error {
	querier, err := e.options.Store.Querier(from, now.UnixMilli())
	if err != nil {
		return err
	}
	defer querier.Close()
	set := querier.Select(ctx, false, &storage.SelectHints{Start: from, End: now.UnixMilli()}, named(names))
	for set.Next() {
		series := set.At().Labels()
		hash := series.Hash()
		if next.stored(series, hash) != nil {
			continue
		}
		clock := clocks[hash]
		if clock == nil {
			clock = new(window.Clock)
		}
		samples := set.At().Iterator(nil)
		if tr := next.track(series, clock, samples.Next() != chunkenc.ValFloat, now); tr != ignored {
			next.rebuilt[hash] = append(next.rebuilt[hash], rebuiltSeries{series, tr})
		}
	}
	return set.Err()
}

// stored returns what was read from the store of a series, and leaves it there.
func (f *force) stored(series labels.Labels, hash uint64) *tracked {
	for _, r := range f.rebuilt[hash] {
		if labels.Equal(r.labels, series) {
			return r.tracked
		}
	}
	return nil
}

func named(names []string) *labels.Matcher {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = regexp.QuoteMeta(name)
	}
	return labels.MustNewMatcher(labels.MatchRegexp, labels.MetricName, strings.Join(quoted, "|"))
}
