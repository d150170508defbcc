package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/neuroweaver/heddle/tsdb"
)

// Run stores observations until ctx ends. End it after the last request has been answered; what
// comes later is refused.
func (d *Observations) Run(ctx context.Context) error {
	defer close(d.stopped)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var batch []*observed
		select {
		case <-ctx.Done():
			return nil
		case first := <-d.queue:
			batch = append(batch, first)
		}
		// The timer runs since the last flush; a request that comes alone finds it over.
		for waiting := true; waiting; {
			select {
			case <-timer.C:
				waiting = false
			case next := <-d.queue:
				batch = append(batch, next)
			}
		}
		batch = d.drain(batch)
		d.store(batch)
		timer.Reset(rowSpacing)
	}
}

// drain takes what else is queued already.
func (d *Observations) drain(batch []*observed) []*observed {
	for {
		select {
		case next := <-d.queue:
			batch = append(batch, next)
		default:
			return batch
		}
	}
}

// store counts the observations of a batch of requests and stores their rows in one append.
func (d *Observations) store(batch []*observed) {
	appender := d.db.Appender(batch[0].arrived)
	refused := &account{}
	emit := func(c *Column, timeMS int64, v float64) {
		if c.Series == 0 {
			id, err := appender.Series(c.Labels)
			if err != nil {
				if !refused.refuseSeries(err, 1) {
					refused.refuse(tsdb.Invalid, 1, err)
				}
				return
			}
			c.Series = id
		}
		appender.Sample(c.Series, timeMS, v)
	}
	outcomes := make([]outcome, len(batch))
	for i, request := range batch {
		nowMS := request.arrived.UnixMilli()
		for j, o := range request.lines {
			if err := d.count(o, nowMS, emit); err != nil {
				outcomes[i].mistakes = append(outcomes[i].mistakes, lineError{request.numbers[j], err.Error()})
			}
		}
	}
	d.tally.Flush(emit)
	result, err := appender.Commit()
	if err != nil {
		d.tally.Rollback()
	} else {
		d.tally.Commit()
		refused.stored = result
	}
	for i, request := range batch {
		outcomes[i].err = err
		outcomes[i].refused = refused.all()
		request.stored <- outcomes[i]
	}
}

// count counts one observation, unless its clock is far off.
func (d *Observations) count(o Observation, nowMS int64, emit Emit) error {
	if o.TimeMS != nil && (*o.TimeMS <= 0 || *o.TimeMS > nowMS+aheadMS) {
		return fmt.Errorf("ts_ms %d is not a time, or more than %d minutes ahead of the server's clock", *o.TimeMS, aheadMS/60_000)
	}
	return d.tally.Add(o, nowMS, emit)
}

// resume reads the newest samples of one model's series. It looks back a little first, which is
// enough after a restart and cheap; a model that was silent for longer takes a second look.
func (d *Observations) resume(key TallyKey) []Resumed {
	now := d.options.Now()
	for _, back := range []time.Duration{time.Hour, 30 * 24 * time.Hour} {
		newest, err := d.newest(key, now.Add(-back).UnixMilli(), now.UnixMilli()+aheadMS)
		if err != nil {
			d.options.Logger.Error("totals of a model begin at zero: the store was not readable", "model", key.Model, "err", err)
			return nil
		}
		if len(newest) > 0 {
			return newest
		}
	}
	return nil
}

// newest reads the newest sample of each series of a model between two times.
func (d *Observations) newest(key TallyKey, minMS, maxMS int64) ([]Resumed, error) {
	querier, err := d.db.Querier(minMS, maxMS)
	if err != nil {
		return nil, err
	}
	defer querier.Close()
	series := querier.Select(context.Background(), false, nil,
		labels.MustNewMatcher(labels.MatchRegexp, labels.MetricName, "heddle_.+"),
		labels.MustNewMatcher(labels.MatchEqual, "model", key.Model),
		labels.MustNewMatcher(labels.MatchEqual, "version", key.Version),
		labels.MustNewMatcher(labels.MatchEqual, "region", key.Region))
	var newest []Resumed
	var samples chunkenc.Iterator
	for series.Next() {
		at := series.At()
		samples = at.Iterator(samples)
		r := Resumed{Labels: at.Labels()}
		for samples.Next() == chunkenc.ValFloat {
			if timeMS, v := samples.At(); !value.IsStaleNaN(v) {
				r.TimeMS, r.Value = timeMS, v
			}
		}
		if err := samples.Err(); err != nil {
			return nil, err
		}
		if r.TimeMS != 0 {
			newest = append(newest, r)
		}
	}
	return newest, series.Err()
}
