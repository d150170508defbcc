package tsdb_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/neuroweaver/heddle/tsdb"
	"github.com/neuroweaver/heddle/tsdb/vfs"
)

const (
	benchTargets = 200
	benchMetrics = 25 // per target
)

// feed appends samples as remote write does, one request after another: every series of every target
// once, fifteen seconds apart.
type feed struct {
	keys   [][]byte
	values []float64
	random *rand.Rand
	ms     int64
}

func newFeed() *feed {
	f := &feed{random: rand.New(rand.NewPCG(1, 1)), ms: startMS()}
	for target := range benchTargets {
		for m := range benchMetrics {
			f.keys = append(f.keys, fmt.Appendf(nil, "metric_%d,10.0.0.%d:9400", m, target))
		}
	}
	f.values = make([]float64, len(f.keys))
	return f
}

func parseKey(key []byte) (labels.Labels, error) {
	var name, instance string
	if _, err := fmt.Sscanf(string(key), "metric_%s", &name); err != nil {
		return labels.EmptyLabels(), err
	}
	for i, c := range name {
		if c == ',' {
			name, instance = name[:i], name[i+1:]
			break
		}
	}
	return metric("metric_"+name, "instance", instance, "model", "gpt-large", "region", "eu-west-1"), nil
}

func (f *feed) request(b testing.TB, db *tsdb.DB) {
	a := db.Appender(start)
	for i, key := range f.keys {
		id, err := a.Resolve(key, parseKey)
		if err != nil {
			b.Fatal(err)
		}
		f.values[i] += float64(f.random.IntN(64))
		a.Sample(id, f.ms, f.values[i])
	}
	f.ms += 15_000
	if r, err := a.Commit(); err != nil || r.Appended != len(f.keys) {
		b.Fatalf("%+v %v", r, err)
	}
}

func benchOptions(fs vfs.FS) tsdb.Options {
	return tsdb.Options{FS: fs, Now: func() time.Time { return start.Add(25 * 24 * time.Hour) }, WALSync: time.Hour}
}

func BenchmarkAppend(b *testing.B) {
	db, err := tsdb.Open(b.TempDir(), benchOptions(nil))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	f := newFeed()
	f.request(b, db)
	for b.Loop() {
		f.request(b, db)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(f.keys)), "ns/sample")
}

// BenchmarkFlush writes 48 rows of every series to a block: what is in memory when a million series have
// filled the log.
func BenchmarkFlush(b *testing.B) {
	db, err := tsdb.Open("data", benchOptions(vfs.NewMem()))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	f := newFeed()
	const requests = 48
	var flushing time.Duration
	for b.Loop() {
		for range requests {
			f.request(b, db)
		}
		began := time.Now()
		if err := db.Flush(); err != nil {
			b.Fatal(err)
		}
		flushing += time.Since(began)
	}
	b.ReportMetric(float64(flushing.Nanoseconds())/float64(b.N*requests*len(f.keys)), "ns/sample")
}

func BenchmarkReplay(b *testing.B) {
	mem := vfs.NewMem()
	db, err := tsdb.Open("data", benchOptions(mem))
	if err != nil {
		b.Fatal(err)
	}
	f := newFeed()
	const requests = 200
	for range requests {
		f.request(b, db)
	}
	for b.Loop() {
		again, err := tsdb.Open("data", benchOptions(mem.Clone()))
		if err != nil {
			b.Fatal(err)
		}
		if s := again.Stats(); s.HeadSamples != int64(requests*len(f.keys)) {
			b.Fatalf("%+v", s)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*requests*len(f.keys)), "ns/sample")
}

// BenchmarkSelect reads one metric of all targets, from memory and from a compacted block.
func BenchmarkSelect(b *testing.B) {
	for _, compacted := range []bool{false, true} {
		b.Run(fmt.Sprintf("compacted=%v", compacted), func(b *testing.B) {
			db, err := tsdb.Open("data", benchOptions(vfs.NewMem()))
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			f := newFeed()
			const requests = 480 // two hours
			for range requests {
				f.request(b, db)
			}
			if compacted {
				if err := db.Compact(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
			samples := 0
			var it chunkenc.Iterator
			for b.Loop() {
				q, err := db.Querier(startMS(), f.ms)
				if err != nil {
					b.Fatal(err)
				}
				set := q.Select(context.Background(), true, nil, named("metric_7"))
				for set.Next() {
					it = set.At().Iterator(it)
					for it.Next() == chunkenc.ValFloat {
						samples++
					}
				}
			}
			if samples != b.N*requests*benchTargets {
				b.Fatalf("%d samples", samples)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(samples), "ns/sample")
		})
	}
}
