// Package latencybench measures how long it takes from a sample that breaks a rule to the webhook that
// says so: it starts real servers, sends the sample by remote write, and receives the webhook.
package latencybench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

const (
	// pause is the shortest time between two trials: they must not overlap.
	pause = 20 * time.Millisecond
	// leastSpread is the range of the random time on top, so that trials are not in step with any timer
	// of what is measured; it is as long as the slowest of these timers where that is longer.
	leastSpread = 100 * time.Millisecond
	// settle is the wait after the first, healthy samples, so that a trial measures a sample and not a start.
	settle = time.Second
	// webhookLimit bounds the wait for one webhook; the slowest row here takes a second.
	webhookLimit = 20 * time.Second
)

// Run says what to measure.
type Run struct {
	// Trials for each row of the report.
	Trials int
	// Seed of the pauses between trials.
	Seed uint64
	// Dir is an empty directory.
	Dir string
	// Program is the heddle binary.
	Program string
	// Peers also measures Prometheus with Alertmanager, where they are installed.
	Peers bool
	// Progress is told what is going on, and how far it has got (0…1).
	Progress func(doing string, share float64)
}

// row measures one row of the report.
type row func(ctx context.Context, r *Run) (Result, error)

// Measure runs all rows, one after the other.
func (r Run) Measure(ctx context.Context) ([]Result, error) {
	rows := []row{heddleAlert, heddleSwitch}
	if r.Peers {
		// A second is the least that is used in practice; ten milliseconds is the fastest that was of any
		// use on two cores, and costs a processor its time whether samples arrive or not.
		rows = append(rows, prometheusAlert(time.Second), prometheusAlert(10*time.Millisecond))
	}
	var results []Result
	for _, row := range rows {
		began := time.Now()
		result, err := row(ctx, &r)
		result.Lasted = time.Since(began)
		if errors.Is(err, errNotInstalled) {
			result.Missing = err.Error()
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", result.Name, err)
		}
		results = append(results, result)
	}
	return results, nil
}

// alerts measures alerts: a healthy sample for the series of each trial, then one breach after the other.
func (r *Run) alerts(ctx context.Context, result *Result, receiver *receiver, writeURL string, spread time.Duration) error {
	w := &writer{url: writeURL, metric: "latency_probe", label: "trial"}
	healthy := make([]sampleOf, r.Trials)
	for trial := range healthy {
		healthy[trial] = sampleOf{strconv.Itoa(trial), 0}
	}
	if err := w.write(ctx, healthy...); err != nil {
		return err
	}
	if err := sleep(ctx, settle); err != nil {
		return err
	}
	return r.trials(ctx, result, receiver, spread, strconv.Itoa, func(trial int) error {
		return w.write(ctx, sampleOf{strconv.Itoa(trial), 1})
	})
}

// trials does one trial after the other: breach sends the request that must lead to a webhook, key is
// the word by which the receiver knows that webhook. The clock starts just before the request is sent, so
// its way to the server counts too.
func (r *Run) trials(ctx context.Context, result *Result, receiver *receiver, spread time.Duration, key func(trial int) string, breach func(trial int) error) error {
	random := rand.New(rand.NewPCG(r.Seed, 0))
	for trial := range r.Trials {
		r.Progress(result.Name, float64(trial)/float64(r.Trials))
		if err := sleep(ctx, pause+time.Duration(random.Int64N(int64(spread)))); err != nil {
			return err
		}
		arrival := receiver.expect(key(trial))
		start := time.Now()
		if err := breach(trial); err != nil {
			return err
		}
		select {
		case at := <-arrival:
			result.Took = append(result.Took, at.Sub(start))
		case err := <-receiver.faults:
			return err
		case <-time.After(webhookLimit):
			return fmt.Errorf("trial %d: no webhook within %v", trial, webhookLimit)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
