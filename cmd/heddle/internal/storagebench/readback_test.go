package storagebench

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/peers"
)

// expositions writes scrapes of one target to a directory and returns it.
func expositions(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// record reads one directory as a data set.
func record(t *testing.T, files map[string]string) (*Dataset, error) {
	t.Helper()
	return ReadRecordings([]string{expositions(t, files)}, time.Second, time.UnixMilli(1767571299999))
}

// TestReadRecordings: names give times, series may come and go, and the last scrape is now.
func TestReadRecordings(t *testing.T) {
	data, err := record(t, map[string]string{
		"1000000001250.prom": "# TYPE a counter\na{x=\"1\"} 1\nb 0.5\n",
		"1000000002250.prom": "a{x=\"1\"} 2\n",
		"1000000003251.prom": "b NaN\na{x=\"1\"} 3\ninstance_info{instance=\"own\"} 1\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	if data.Series() != 3 || data.Steps != 3 || data.LastMS != 1767571299251 || data.FirstMS != data.LastMS-2001 {
		t.Errorf("%d series, %d steps, %d…%d", data.Series(), data.Steps, data.FirstMS, data.LastMS)
	}
	target := data.Targets[0]
	if got := target.Series()[2].Get("exported_instance"); got != "own" {
		t.Errorf("the target's own instance label became %q", got)
	}
	var times []int64
	var present [][]bool
	for row := range target.Rows() {
		times = append(times, row.TimeMS-data.FirstMS)
		present = append(present, []bool{row.has(0), row.has(1), row.has(2)})
	}
	if !slices.Equal(times, []int64{0, 1000, 2001}) {
		t.Errorf("times %v", times)
	}
	for i, want := range [][]bool{{true, true, false}, {true, false, false}, {true, true, true}} {
		if !slices.Equal(present[i], want) {
			t.Errorf("scrape %d has %v, want %v", i, present[i], want)
		}
	}
}

// TestReadRecordingsRefuses: what cannot be measured is an error that names the file.
func TestReadRecordingsRefuses(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"nothing":       {},
		"no series":     {"1.prom": "# only a comment\n"},
		"no exposition": {"1.prom": "{{{"},
		"time goes back": {
			"10.prom": "a 1\n", // sorts before "9.prom"
			"9.prom":  "a 2\n",
		},
	} {
		if data, err := record(t, files); err == nil {
			t.Errorf("%s: read %d series", name, data.Series())
		}
	}
}

// TestCompare: every kind of damage is seen, and nothing else.
func TestCompare(t *testing.T) {
	data, err := record(t, map[string]string{"1000.prom": "a 1\nb 0.1\n", "2000.prom": "a 2\nb NaN\n", "3000.prom": "a 3\n"})
	if err != nil {
		t.Fatal(err)
	}
	target, at := data.Targets[0], data.FirstMS
	exact := func() []peers.Series {
		return []peers.Series{
			{Metric: target.Series()[0].Map(), Values: []peers.Point{{TimeMS: at, Value: 1}, {TimeMS: at + 1000, Value: 2}, {TimeMS: at + 2000, Value: 3}}},
			{Metric: target.Series()[1].Map(), Values: []peers.Point{{TimeMS: at, Value: 0.1}, {TimeMS: at + 1000, Value: math.NaN()}}},
		}
	}
	for name, test := range map[string]struct {
		damage func(s []peers.Series) []peers.Series
		want   Difference
	}{
		"none": {func(s []peers.Series) []peers.Series { return s }, Difference{}},
		"a value in its last bit": {func(s []peers.Series) []peers.Series {
			s[1].Values[0].Value = math.Nextafter(0.1, 1)
			return s
		}, Difference{Changed: 1, MaxRelativeError: (math.Nextafter(0.1, 1) - 0.1) / 0.1}},
		"a sample lost": {func(s []peers.Series) []peers.Series {
			s[0].Values = slices.Delete(s[0].Values, 1, 2)
			return s
		}, Difference{Missing: 1}},
		"a series lost": {func(s []peers.Series) []peers.Series { return s[:1] }, Difference{Missing: 2}},
		"a sample moved": {func(s []peers.Series) []peers.Series {
			s[0].Values[1].TimeMS++
			return s
		}, Difference{Missing: 1, Surplus: 1}},
		"a sample too many": {func(s []peers.Series) []peers.Series {
			s[1].Values = append(s[1].Values, peers.Point{TimeMS: at + 2000})
			return s
		}, Difference{Surplus: 1}},
		"a series too many": {func(s []peers.Series) []peers.Series {
			return append(s, peers.Series{Metric: map[string]string{"__name__": "c"}, Values: []peers.Point{{}}})
		}, Difference{Surplus: 1}},
	} {
		var got Difference
		got.compare(target, test.damage(exact()))
		test.want.Samples = 5
		if got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
		if got.Exact() != (name == "none") {
			t.Errorf("%s: Exact is %v", name, got.Exact())
		}
	}
}
