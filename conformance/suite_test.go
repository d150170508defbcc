package conformance

import (
	"context"
	"flag"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"
)

// leastEvaluations is a floor for the size of the suite in Prometheus v0.316.0, so that a change of
// version or of file patterns cannot leave it empty unseen.
const leastEvaluations = 2357

// TestSuiteOnPrometheusStorage shows that the harness itself is right: over the storage the suite was
// written for, it passes and runs in full.
func TestSuiteOnPrometheusStorage(t *testing.T) {
	runSuite(t, func(t testing.TB) storage.Storage { return promqltest.NewBuiltinTestStorage(t) })
}

// runSuite runs Prometheus's built-in suite over newStorage and fails if any of its evaluations did
// not run.
func runSuite(t *testing.T, newStorage func(testing.TB) storage.Storage) {
	engine := &countingEngine{
		QueryEngine: promqltest.NewTestEngine(t, false, 0, promqltest.DefaultMaxSamplesPerQuery),
		queries:     map[string]int{},
	}
	began := time.Now()
	promqltest.RunBuiltinTestsWithStorage(t, engine, newStorage)
	if t.Failed() || strings.Contains(flag.Lookup("test.run").Value.String(), "/") {
		return // a broken file stops early, and a chosen file is not the suite
	}

	expressions, err := promqltest.GetBuiltInExprs()
	if err != nil {
		t.Fatal(err)
	}
	ran := engine.ranOf(expressions)
	t.Logf("%d evaluations passed in %v", ran, time.Since(began).Round(time.Millisecond))
	if ran != len(expressions) || ran < leastEvaluations {
		t.Fatalf("%d evaluations ran, of %d in the suite and at least %d expected", ran, len(expressions), leastEvaluations)
	}
}

// countingEngine remembers how often each expression was asked as it stands in the suite.
type countingEngine struct {
	promql.QueryEngine
	mu      sync.Mutex // guards queries
	queries map[string]int
}

func (e *countingEngine) NewInstantQuery(ctx context.Context, q storage.Queryable, opts promql.QueryOpts, expression string, at time.Time) (promql.Query, error) {
	e.count(expression)
	return e.QueryEngine.NewInstantQuery(ctx, q, opts, expression, at)
}

func (e *countingEngine) NewRangeQuery(ctx context.Context, q storage.Queryable, opts promql.QueryOpts, expression string, start, end time.Time, step time.Duration) (promql.Query, error) {
	e.count(expression)
	return e.QueryEngine.NewRangeQuery(ctx, q, opts, expression, start, end, step)
}

func (e *countingEngine) count(expression string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.queries[expression]++
}

// ranOf counts how many of the suite's expressions were asked. The harness asks most more than once
// (as a range, with an @ modifier), so an expression counts at most as often as the suite has it.
func (e *countingEngine) ranOf(expressions []string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	wanted := map[string]int{}
	for _, expression := range expressions {
		wanted[expression]++
	}
	ran := 0
	for expression, n := range wanted {
		ran += min(n, e.queries[expression])
	}
	return ran
}
