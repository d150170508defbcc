package rulesbench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/peers"
)

// Run is one comparison. All servers run at the same time and are fed one after the other in each round,
// so that each of them sees the same samples at the same moment.
type Run struct {
	Instances int // of rules: half of them averages, half of them ratios of rates
	Rounds    int // that are measured
	Seed      uint64
	Heddle    peers.Start
	// Dir is where the servers get their directories.
	Dir string
	// Progress is told what is being done and which share of it is done (0…1).
	Progress func(doing string, share float64)
}

const (
	// interval is how often samples arrive and Prometheus evaluates: Prometheus's customary 15 s.
	interval = 15 * time.Second
	// backlog fills the windows of five minutes before anything is measured.
	backlog = 6 * time.Minute
	// warmUp is rounds that are fed live but not measured, so that every group of rules has run.
	warmUp = 2
)

// Result is the cost of one way to evaluate the rules.
type Result struct {
	Server  string `json:"server"`
	Version string `json:"version"`
	Rules   string `json:"rules"`
	// CPUSecondsPerRound is what the server uses in a round beyond one without rules.
	CPUSecondsPerRound float64 `json:"cpu_seconds_per_round"`
	// TotalPerRound and BarePerRound are the two of which that is the difference.
	TotalPerRound float64 `json:"total_cpu_seconds_per_round"`
	BarePerRound  float64 `json:"bare_cpu_seconds_per_round"`
	PeakRSSBytes  int64   `json:"peak_rss_bytes"`
	// Firing is how many instances fire at the end; Missed and False are those that should and do not,
	// and those that do and should not.
	Firing int `json:"firing"`
	Missed int `json:"missed"`
	False  int `json:"false"`
}

// contender is one running server and what it evaluates.
type contender struct {
	server *peers.Server
	rules  string // for people; empty: none, it shows what the same samples cost without rules
	before peers.Usage
	after  peers.Usage
}

// Measure starts the servers, feeds them and returns what their rules cost.
func (r Run) Measure(ctx context.Context) (_ []Result, err error) {
	models := (r.Instances + 1) / 2
	contenders, err := r.start(ctx, models)
	defer func() {
		for _, c := range contenders {
			err = errors.Join(err, c.server.Stop())
		}
	}()
	if err != nil {
		return nil, err
	}
	fleet := newFleet(r.Seed, models)
	if err := r.feed(ctx, fleet, contenders); err != nil {
		return nil, err
	}
	return r.results(ctx, contenders, fleet.sick())
}

// start runs every server twice or more: without rules, and with each way to write them.
func (r Run) start(ctx context.Context, models int) ([]*contender, error) {
	var contenders []*contender
	for _, one := range []struct {
		start       peers.Start
		rules, text string
	}{
		{r.Heddle, "", ""},
		{r.Heddle, "2 rules on each model", heddleRules()},
		{peers.Prometheus, "", ""},
		{peers.Prometheus, "2 rules over all models", prometheusRules()},
		{peers.Prometheus, "2 rules for each model", prometheusRulesPerModel(models)},
	} {
		r.Progress("starting servers", float64(len(contenders))/5)
		dir, err := os.MkdirTemp(r.Dir, "server-")
		if err != nil {
			return contenders, err
		}
		server, err := one.start(ctx, peers.Options{Dir: dir, Rules: one.text})
		if errors.Is(err, peers.ErrNotInstalled) {
			r.Progress(err.Error()+": left out", 1)
			continue
		}
		if err != nil {
			return contenders, err
		}
		contenders = append(contenders, &contender{server: server, rules: one.rules})
	}
	return contenders, nil
}

// feed writes the backlog at once and then a step every interval, and notes what the measured rounds
// cost each server.
func (r Run) feed(ctx context.Context, fleet *fleet, contenders []*contender) error {
	now := time.Now().Truncate(time.Second)
	first := now.Add(-backlog)
	for at := first; at.Before(now); at = at.Add(interval) {
		if err := write(ctx, contenders, fleet.step(at.UnixMilli())); err != nil {
			return err
		}
		r.Progress("writing six minutes of samples", at.Sub(first).Seconds()/backlog.Seconds())
	}
	next := time.Now().Truncate(time.Second)
	for round := range warmUp + r.Rounds {
		if round == warmUp {
			for _, c := range contenders {
				usage, err := c.server.Usage()
				if err != nil {
					return err
				}
				c.before = usage
			}
		}
		if err := write(ctx, contenders, fleet.step(next.UnixMilli())); err != nil {
			return err
		}
		r.Progress(fmt.Sprintf("live: a round of samples every %v", interval), float64(round+1)/float64(warmUp+r.Rounds))
		next = next.Add(interval)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Until(next)):
		}
	}
	for _, c := range contenders {
		usage, err := c.server.Usage()
		if err != nil {
			return err
		}
		c.after = usage
	}
	return nil
}

// results compares each server with its twin that has no rules, and its alerts with what must fire.
func (r Run) results(ctx context.Context, contenders []*contender, sick map[string]bool) ([]Result, error) {
	bare := map[string]float64{}
	var results []Result
	for _, c := range contenders {
		perRound := (c.after.CPUSeconds - c.before.CPUSeconds) / float64(r.Rounds)
		if c.rules == "" {
			bare[c.server.Name] = perRound
			continue
		}
		firing, err := firingAt(ctx, c.server)
		if err != nil {
			return nil, err
		}
		result := Result{
			Server: c.server.Name, Version: c.server.Version, Rules: c.rules,
			TotalPerRound:      perRound,
			BarePerRound:       bare[c.server.Name],
			CPUSecondsPerRound: perRound - bare[c.server.Name],
			PeakRSSBytes:       c.after.PeakRSSBytes,
			Firing:             len(firing),
		}
		for instance := range sick {
			if !firing[instance] {
				result.Missed++
			}
		}
		for instance := range firing {
			if !sick[instance] {
				result.False++
			}
		}
		results = append(results, result)
	}
	return results, nil
}

// firingAt asks a server which instances fire, each as rule and model.
func firingAt(ctx context.Context, server *peers.Server) (map[string]bool, error) {
	alerts, err := server.Alerts(ctx)
	if err != nil {
		return nil, err
	}
	firing := map[string]bool{}
	for _, alert := range alerts {
		if alert.State == "firing" {
			firing[alert.Labels["alertname"]+" "+alert.Labels["model"]] = true
		}
	}
	return firing, nil
}
