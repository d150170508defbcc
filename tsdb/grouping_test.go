package tsdb_test

import (
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/tsdb"
)

// TestGroupKey says which series are expected to arrive together.
func TestGroupKey(t *testing.T) {
	key := func(pairs ...string) string { return tsdb.GroupKey(labels.FromStrings(pairs...)) }
	for _, c := range []struct {
		name string
		a, b string
		same bool
	}{
		{"one scrape", key("__name__", "up", "job", "node", "instance", "a:9100"),
			key("__name__", "build_info", "job", "node", "instance", "a:9100", "version", "1.5", "pod", "x", "model", "m"), true},
		{"two instances", key("job", "node", "instance", "a:9100"), key("job", "node", "instance", "b:9100"), false},
		{"two clusters", key("job", "node", "instance", "a:9100", "cluster", "x"), key("job", "node", "instance", "a:9100", "cluster", "y"), false},
		{"two models behind one sender without a job", key("instance", "a", "model", "m"), key("instance", "a", "model", "n"), false},
		{"one model", key("__name__", "requests", "model", "m"), key("__name__", "latency", "model", "m", "code", "500"), true},
		{"buckets of a histogram without a target", key("__name__", "latency_bucket", "team", "x", "le", "1"), key("__name__", "latency_count", "team", "x"), true},
		{"other label sets without a target", key("__name__", "latency", "team", "x"), key("__name__", "latency", "team", "y"), false},
	} {
		if (c.a == c.b) != c.same {
			t.Errorf("%s: keys %q and %q", c.name, c.a, c.b)
		}
	}
}
