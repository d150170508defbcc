package conformance

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"
)

// sample is one sample of a random data set; one of h and fh may be set.
type sample struct {
	series          labels.Labels
	startMS, timeMS int64
	v               float64
	h               *histogram.Histogram
	fh              *histogram.FloatHistogram
}

// randomSpanMS is how much time a random data set covers from 1970 on: a few blocks of any store.
const randomSpanMS = 3 * 60 * 60 * 1000

// randomCommits makes a data set of everything that a series can be, as commits: slices of samples that
// arrive together. Some floats come late, by up to half an hour.
func randomCommits(random *rand.Rand) [][]sample {
	const commits = 12
	list := make([][]sample, commits)
	for target := range 5 {
		base := labels.FromStrings("job", fmt.Sprintf("job-%d", target%2), "instance", fmt.Sprintf("host-%d:80", target))
		intervalMS := []int64{2000, 5000, 15000, 15000, 60000}[target]
		offsetMS := random.Int64N(intervalMS)
		jitterMS := []int64{0, 0, 5, 400, 0}[target]
		columns := randomColumns(random, base)
		for n := int64(0); n*intervalMS < randomSpanMS; n++ {
			timeMS := offsetMS + n*intervalMS
			if jitterMS > 0 {
				timeMS += random.Int64N(jitterMS)
			}
			commit := int(timeMS * commits / (randomSpanMS + intervalMS))
			for _, column := range columns {
				if random.Float64() < column.gaps {
					continue
				}
				s := column.next(random)
				s.series, s.timeMS = column.labels, timeMS
				at := commit
				if column.late && random.IntN(20) == 0 {
					at = min(commit+random.IntN(3), commits-1) // a commit is a quarter of an hour
				}
				list[at] = append(list[at], s)
			}
		}
	}
	return list
}

// randomColumn is one series and how it goes on.
type randomColumn struct {
	labels labels.Labels
	gaps   float64 // share of samples that are not there
	late   bool    // samples may come in a later commit
	next   func(*rand.Rand) sample
}

// randomColumns lists a series of every kind.
func randomColumns(random *rand.Rand, base labels.Labels) []randomColumn {
	var list []randomColumn
	add := func(gaps float64, late bool, next func(*rand.Rand) sample, name string, extra ...string) {
		builder := labels.NewBuilder(base)
		builder.Set(labels.MetricName, name)
		for i := 0; i < len(extra); i += 2 {
			builder.Set(extra[i], extra[i+1])
		}
		list = append(list, randomColumn{builder.Labels(), gaps, late, next})
	}
	for _, code := range []string{"200", "404", "500", "503"} {
		add(0, false, counter(random.Float64()*100), "requests_total", "code", code)
	}
	add(0.05, true, counter(3), "late_total")
	add(0, false, startedCounter(), "started_total")
	add(0, true, gauge(func(r *rand.Rand) float64 { return math.Round(r.NormFloat64()*1000) / 100 }), "temperature")
	add(0.3, true, gauge(func(r *rand.Rand) float64 { return r.NormFloat64() }), "noise")
	add(0, false, gauge(func(*rand.Rand) float64 { return 42 }), "constant")
	add(0.02, false, gauge(special), "special")
	add(0.1, false, gauge(func(r *rand.Rand) float64 {
		if r.IntN(10) == 0 {
			return math.Float64frombits(value.StaleNaN)
		}
		return float64(r.IntN(5))
	}), "comes_and_goes")
	var cumulative [5]float64
	for i, le := range []string{"0.1", "0.5", "1", "5", "+Inf"} {
		add(0, false, func(r *rand.Rand) sample {
			if i == 0 { // the first bucket of a scrape moves all
				for observation := r.IntN(20); observation > 0; observation-- {
					for bucket := r.IntN(len(cumulative)); bucket < len(cumulative); bucket++ {
						cumulative[bucket]++
					}
				}
			}
			return sample{v: cumulative[i]}
		}, "duration_seconds_bucket", "le", le)
	}
	add(0.02, false, histograms(), "native_seconds")
	return list
}

// counter rises by about perSample and begins again now and then.
func counter(perSample float64) func(*rand.Rand) sample {
	total := 0.0
	return func(r *rand.Rand) sample {
		if r.IntN(500) == 0 {
			total = 0
		}
		total += math.Floor(2 * perSample * r.Float64())
		return sample{v: total}
	}
}

// startedCounter tells when it began, by a sender that knows.
func startedCounter() func(*rand.Rand) sample {
	total, startMS := 0.0, int64(1)
	return func(r *rand.Rand) sample {
		if r.IntN(200) == 0 {
			total, startMS = 0, startMS+1000
		}
		total += float64(r.IntN(50))
		return sample{v: total, startMS: startMS}
	}
}

func gauge(next func(*rand.Rand) float64) func(*rand.Rand) sample {
	return func(r *rand.Rand) sample { return sample{v: next(r)} }
}

// special gives the floats that arithmetic is most likely to lose.
func special(r *rand.Rand) float64 {
	values := []float64{
		0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.Float64frombits(value.NormalNaN),
		math.SmallestNonzeroFloat64, -math.MaxFloat64, 1 << 53, 0.1, 1e-300,
	}
	return values[r.IntN(len(values))]
}

// histograms gives integer, float and custom-bucket histograms in turns of random length, with resets.
func histograms() func(*rand.Rand) sample {
	n, kind := int64(0), 0
	return func(r *rand.Rand) sample {
		n += r.Int64N(3)
		if r.IntN(100) == 0 {
			n, kind = r.Int64N(10), r.IntN(3)
		}
		switch kind {
		case 0:
			return sample{h: tsdbutil.GenerateTestHistogram(n)}
		case 1:
			return sample{fh: tsdbutil.GenerateTestFloatHistogram(n)}
		default:
			return sample{h: tsdbutil.GenerateTestCustomBucketsHistogram(n)}
		}
	}
}

// write puts the samples into a store in one commit. Stores take the samples of a series in any order,
// but late ones only behind those that are on time.
func write(ctx context.Context, s storage.Storage, commit []sample) error {
	appender := s.AppenderV2(ctx)
	for _, one := range commit {
		// A store may keep the histogram that it is given.
		h, fh := one.h, one.fh
		if h != nil {
			h = h.Copy()
		}
		if fh != nil {
			fh = fh.Copy()
		}
		if _, err := appender.Append(0, one.series, one.startMS, one.timeMS, one.v, h, fh, storage.AppendV2Options{}); err != nil {
			appender.Rollback()
			return fmt.Errorf("%s at %d: %w", one.series, one.timeMS, err)
		}
	}
	return appender.Commit()
}
