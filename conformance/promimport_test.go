package conformance

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"

	"github.com/neuroweaver/heddle/rules"
	"github.com/neuroweaver/heddle/rules/promimport"
	"github.com/neuroweaver/heddle/rules/syntax"
	"github.com/neuroweaver/heddle/tsdb"
)

// importedAlerts are alert expressions whose meaning an import keeps, where each instance has one series
// of a selector that is not aggregated. Quotients are compared with numbers that they do not hit, as their
// last bit may differ.
var importedAlerts = []string{
	`sum by (model) (rate(err_total[2m])) / sum by (model) (rate(req_total[2m])) > 0.40123`,
	`100 * sum by (model) (rate(err_total[2m])) / sum by (model) (rate(req_total[2m])) >= 40.123`,
	`sum by (model) (rate(err_total[5m])) / on (model) sum by (model) (rate(req_total[5m])) > 0.40123`,
	`sum by (model) (rate(req_total[1m])) < 4 and sum by (model) (rate(err_total[1m])) > 1`,
	`sum by (model) (rate(req_total[1m])) < 3 or sum by (model) (rate(err_total[1m])) > 2`,
	`sum by (model, inst) (increase(req_total[90s])) * 2 + 1 > 500`,
	`increase(err_total{inst="1"}[2m]) > 100`,
	`rate(err_total{inst!~"2|3"}[2m]) > 1 and rate(req_total{inst!~"2|3"}[2m]) > 2.5`,
	`histogram_quantile(0.9, sum by (le, model) (rate(lat_bucket[2m]))) > 2`,
	`histogram_quantile(0.5, sum by (model, le) (increase(lat_bucket[1m]))) > 1 and sum by (model) (increase(lat_count[1m])) >= 300`,
	`histogram_quantile(0.99, rate(lat_bucket[2m])) > 4`,
	`sum by (model) (rate(lat_sum[2m])) / sum by (model) (rate(lat_count[2m])) > 1.50123`,
	`rate(lat_sum[1m]) / rate(lat_count[1m]) > 1.50123`,
	`queue > 50`,
	`queue{inst="1"} > 50`,
	`queue == 0 or queue >= 90`,
	`(queue - 20) / 80 * 100 > 60`,
	`queue % 10 < 5`,
	`-queue < -50`,
	`queue != 7`,
	`queue > 20 and queue < 60`,
	`queue > 2 * queue offset 1m`,
	`avg_over_time(queue[2m]) > 50`,
	`avg by (model) (queue) > 50`,
	`max by (model) (max_over_time(queue[2m])) > 95`,
	`min by (model) (min_over_time(queue[2m])) < 5`,
	`sum by (model) (sum_over_time(queue[1m])) > 400`,
	`sum by (model) (count_over_time(queue[2m])) < 15`,
	`min_over_time(queue[1m]) > 25`,
	`max_over_time(queue[1m]) < 75`,
	`sum_over_time(queue[1m]) > 200`,
	`stddev_over_time(queue[2m]) > 30`,
	`count_over_time(queue[2m]) < 8`,
	`quantile_over_time(0.75, queue[2m]) > 70`,
	`deriv(queue[2m]) > 0.1`,
	`avg_over_time(queue[1m]) > 1.2 * avg_over_time(queue[5m] offset 2m)`,
	`sum by (model) (rate(req_total[1m])) < 0.8 * sum by (model) (rate(req_total[1m] offset 3m))`,
	`(sum by (model) (rate(err_total[5m])) / sum by (model) (rate(req_total[5m])) > 0.30123) and (sum by (model) (rate(err_total[1m])) / sum by (model) (rate(req_total[1m])) > 0.30123)`,
	`sum(rate(req_total{model="a"}[1m])) < 4`,
	`sum(rate(err_total{model="a", inst="1"}[1m])) / sum(rate(req_total{model="a"}[1m])) > 0.20123`,
}

// TestImportedAlertsFireAlike imports alerting rules, feeds the engine of the rules and Prometheus's
// storage the same random samples, and holds after each round that an imported rule fires for just the
// instances for which Prometheus's engine returns something.
func TestImportedAlertsFireAlike(t *testing.T) {
	var yaml strings.Builder
	yaml.WriteString("groups:\n- name: g\n  rules:\n")
	for i, expr := range importedAlerts {
		fmt.Fprintf(&yaml, "  - alert: R%d\n    expr: %q\n", i, expr)
	}
	result, err := promimport.Import("alerts.yml", []byte(yaml.String()), promimport.Options{On: []string{"model", "inst"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range result.Notes {
		if !n.Imported {
			t.Errorf("%s is not imported: %s", n.Name, n.Message)
		}
	}
	file, errs := syntax.Parse("imported.rules", result.Text)
	if errs != nil {
		t.Fatal(errs)
	}
	program, errs := rules.Compile([]*syntax.File{file}, rules.CompileOptions{})
	if errs != nil {
		t.Fatal(errs)
	}
	for seed := range uint64(3) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			fireAlike(t, program, rand.New(rand.NewPCG(seed, 0)))
		})
	}
}

// fireAlike feeds both engines and compares them after each round.
func fireAlike(t *testing.T, program *rules.Program, random *rand.Rand) {
	ctx := t.Context()
	theirs := newPrometheusStorage(t)
	queries := promqltest.NewTestEngine(t, false, 5*time.Minute, 1e8)
	senders := newSenders()
	engine := rules.NewEngine(rules.Options{Labels: func(id tsdb.SeriesID) labels.Labels { return senders.names[id-1] }})
	now := time.Unix(1_800_000_000, 0)
	if err := engine.Load(ctx, program, nil, now); err != nil {
		t.Fatal(err)
	}
	compared, firing := 0, 0
	// The longest range with its offset is settled after 60 rounds.
	const rounds, settled = 160, 60
	for round := range rounds {
		now = now.Add(15 * time.Second)
		row := senders.round(random, now.UnixMilli())
		app := theirs.Appender(ctx)
		for i, id := range row.Series {
			if _, err := app.Append(0, senders.names[id-1], row.TimeMS, row.Values[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := app.Commit(); err != nil {
			t.Fatal(err)
		}
		engine.Observe(&tsdb.Batch{Arrived: now, Rows: []tsdb.Row{row}}, now)
		// What has no value is cleared after a second.
		for next := engine.NextTick(); !next.IsZero() && !next.After(now.Add(2*time.Second)); next = engine.NextTick() {
			engine.Tick(next)
		}
		if round < settled {
			continue
		}
		ours, uncertain := firingInstances(engine, now)
		for n, expr := range importedAlerts {
			name := program.Rules()[n].Name
			wanted := prometheusFires(t, queries, theirs, expr, program.Rules()[n].On, now)
			maps.DeleteFunc(wanted, func(instance string, _ bool) bool { return uncertain[name+instance] })
			compared++
			firing += len(wanted)
			if got := ours[name]; !maps.Equal(wanted, got) && len(wanted)+len(got) > 0 {
				t.Fatalf("round %d: %s: Prometheus fires for %v, the imported rule for %v\n%s",
					round, expr, slices.Sorted(maps.Keys(wanted)), slices.Sorted(maps.Keys(got)), program.Rules()[n].Text)
			}
		}
	}
	if firing < compared/4 {
		t.Errorf("only %d alerts in %d comparisons: the test sees too little", firing, compared)
	}
}

// firingInstances returns the labels of the instances that fire, by rule. uncertain are those, by rule and
// labels, that cannot be compared at now: a fresh start waits for its windows, and what had no sample in
// this round is looked at again only when its senders count as silent.
func firingInstances(engine *rules.Engine, now time.Time) (firing map[string]map[string]bool, uncertain map[string]bool) {
	const surelySilent = 10 * time.Minute
	firing, uncertain = map[string]map[string]bool{}, map[string]bool{}
	for _, i := range engine.Instances() {
		switch {
		case i.Held || i.SampleTime.Before(now) && now.Sub(i.SampleTime) < surelySilent:
			uncertain[i.Rule.Name+i.Labels.String()] = true
		case i.State == rules.Firing:
			if firing[i.Rule.Name] == nil {
				firing[i.Rule.Name] = map[string]bool{}
			}
			firing[i.Rule.Name][i.Labels.String()] = true
		}
	}
	return firing, uncertain
}

// prometheusFires returns the labels for which the expression returns something.
func prometheusFires(t *testing.T, engine promql.QueryEngine, store storage.Storage, expr string, on []string, now time.Time) map[string]bool {
	query, err := engine.NewInstantQuery(t.Context(), store, nil, expr, now)
	if err != nil {
		t.Fatal(err)
	}
	defer query.Close()
	answer, err := query.Exec(t.Context()).Vector()
	if err != nil {
		t.Fatal(err)
	}
	fires := map[string]bool{}
	for _, s := range answer {
		set := labels.NewBuilder(s.Metric).Keep(on...).Labels()
		if set.IsEmpty() { // one value for all that it selects, which are all of model a
			set = labels.FromStrings("model", "a")
		}
		fires[set.String()] = true
	}
	return fires
}

// senders make random samples of two models with two instances each: counters that begin late, stand
// still and are reset, a gauge, and a histogram. Samples are lost, and series go and come back.
type senders struct {
	names  []labels.Labels // by SeriesID − 1
	ids    map[string]tsdb.SeriesID
	totals map[tsdb.SeriesID]float64 // of counters
	gone   map[string]bool           // by sender
}

func newSenders() *senders {
	return &senders{ids: map[string]tsdb.SeriesID{}, totals: map[tsdb.SeriesID]float64{}, gone: map[string]bool{}}
}

func (s *senders) id(pairs ...string) tsdb.SeriesID {
	name := labels.FromStrings(pairs...)
	key := name.String()
	if _, ok := s.ids[key]; !ok {
		s.names = append(s.names, name)
		s.ids[key] = tsdb.SeriesID(len(s.names))
	}
	return s.ids[key]
}

func (s *senders) round(random *rand.Rand, timeMS int64) tsdb.Row {
	row := tsdb.Row{TimeMS: timeMS}
	add := func(v float64, pairs ...string) {
		row.Series = append(row.Series, s.id(pairs...))
		row.Values = append(row.Values, v)
	}
	count := func(grows float64, pairs ...string) {
		id := s.id(pairs...)
		s.totals[id] += grows
		add(s.totals[id], pairs...)
	}
	for _, model := range []string{"a", "b"} {
		for _, inst := range []string{"1", "2"} {
			sender := model + inst
			was := s.gone[sender]
			if random.IntN(30) == 0 {
				s.gone[sender] = !was
			}
			if s.gone[sender] {
				if !was { // as a scraper says that a target is gone
					for _, pairs := range [][]string{{"__name__", "queue"}, {"__name__", "req_total"}, {"__name__", "err_total"}} {
						add(math.Float64frombits(value.StaleNaN), append(pairs, "model", model, "inst", inst)...)
					}
				}
				continue
			}
			of := func(name string, more ...string) []string {
				return append([]string{"__name__", name, "model", model, "inst", inst}, more...)
			}
			if random.IntN(50) == 0 { // the process starts anew
				for key, id := range s.ids {
					if strings.Contains(key, `model="`+model+`"`) && strings.Contains(key, `inst="`+inst+`"`) {
						s.totals[id] = 0
					}
				}
			}
			requests := float64(random.IntN(60))
			failed := math.Floor(requests * random.Float64())
			count(requests, of("req_total")...)
			count(failed, of("err_total")...)
			if random.IntN(8) > 0 {
				add(float64(random.IntN(101)), of("queue")...)
			}
			sum, upTo := 0.0, 0.0
			for _, bucket := range []struct {
				le  string
				mid float64
			}{{"0.5", 0.25}, {"1", 0.75}, {"2", 1.5}, {"5", 3}, {"+Inf", 7}} {
				n := float64(random.IntN(12))
				upTo += n
				sum += n * bucket.mid
				count(upTo, of("lat_bucket", "le", bucket.le)...)
			}
			count(upTo, of("lat_count")...)
			count(sum, of("lat_sum")...)
		}
	}
	return row
}
