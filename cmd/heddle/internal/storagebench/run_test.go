package storagebench

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/peers"
)

// TestRun measures the real server: all that was sent is acknowledged, comes back bit for bit, and has a
// size between the entropy of such data and that of raw samples.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the server")
	}
	program := buildServer(t)
	now := time.Now()
	scrapes, err := ReadRecordings([]string{expositions(t, map[string]string{
		"1000.prom": "a -1e-300\nb 5e-324\nc +Inf\nd NaN\n",
		"2000.prom": "a 0\nb 1.7976931348623157e308\n",
		"3000.prom": "a 0.1\nc -Inf\nd 9007199254740993\n",
	})}, time.Second, now)
	if err != nil {
		t.Fatal(err)
	}
	telemetry := smallTelemetry()
	telemetry.Start = now.Add(-time.Hour)
	stages := map[string]bool{}
	results, err := Run{
		Servers:  []peers.Start{peers.HeddleAt(program), missing},
		Dir:      t.TempDir(),
		Batch:    60,
		Progress: func(doing string, _ float64) { stages[doing] = true },
	}.All(t.Context(), telemetry.Dataset(), scrapes)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 2 {
		t.Fatalf("%d results", len(results))
	}
	for i, want := range []int64{100 * 120, 9} {
		if r := results[i]; r.Samples != want || r.ReadBack.Samples != want || !r.ReadBack.Exact() {
			t.Errorf("%s: %d samples acknowledged, %+v, want %d", r.Data, r.Samples, r.ReadBack, want)
		}
	}
	if r := results[0]; r.BytesPerSample < 0.1 || r.BytesPerSample > 16 || r.CPUSecondsPerMillion <= 0 {
		t.Errorf("%+v", r)
	}
	if !stages["missing: not installed: left out"] {
		t.Errorf("nobody said that a peer is missing: %v", stages)
	}
	var report bytes.Buffer
	if err := Report(&report, results); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(report.String(), "bit for bit"); n != 2 {
		t.Errorf("the report says \"bit for bit\" %d times:\n%s", n, &report)
	}
}

// buildServer builds the program and returns its path.
func buildServer(t *testing.T) string {
	program := filepath.Join(t.TempDir(), "heddle")
	if text, err := exec.Command("go", "build", "-o", program, "github.com/neuroweaver/heddle/cmd/heddle").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return program
}

// TestScale measures two small runs of the real server: each counts what it wrote, and finds it again
// after the kill.
func TestScale(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the server")
	}
	scale := Scale{
		Start: peers.HeddleAt(buildServer(t)), Data: smallTelemetry(), Rows: 10, RestartSamples: 250,
		Dir: t.TempDir(), Batch: 60, Progress: func(string, float64) {},
	}
	var sum ScaleResult
	for range 2 {
		result, err := scale.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if result.Series != 100 || result.Samples != 900 || result.LoggedSamples != 300 || result.DiskBytes == 0 || result.RSSBytes == 0 || result.RestartSeconds <= 0 {
			t.Errorf("%+v", result)
		}
		sum.Add(result)
	}
	if sum.Series != 100 || sum.Samples != 1800 || sum.LoggedSamples != 300 {
		t.Errorf("%+v", sum)
	}
	var report bytes.Buffer
	if err := ScaleReport(&report, sum, sum); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(report.String(), "× 1.00") {
		t.Errorf("the report does not compare equal runs:\n%s", &report)
	}
}

// missing is a peer that nobody has installed.
func missing(context.Context, peers.Options) (*peers.Server, error) {
	return nil, fmt.Errorf("missing: %w", peers.ErrNotInstalled)
}
