package storagebench

import (
	"context"
	"iter"

	"github.com/prometheus/prometheus/prompb"
	"golang.org/x/sync/errgroup"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/peers"
)

const (
	// senders is how many requests are under way at once; the targets of one sender stay with it, so
	// that every series arrives in the order of time.
	senders = 2
	// window is how many steps one sender may be ahead of another: five minutes at 15 s, as collectors
	// that share a clock never drift further.
	window = 20
)

// Sender writes a data set to a server, step after step. It is used by one goroutine.
type Sender struct {
	server *peers.Server
	shards []*shard
	steps  int // of the data set
	step   int // of the next rows
}

// NewSender returns a sender at the first step of a data set. Its requests have at most batch samples;
// each carries one step of neighbouring targets. It must be closed.
func NewSender(server *peers.Server, data *Dataset, batch int) *Sender {
	return &Sender{server: server, shards: shardsOf(data.Targets, batch), steps: data.Steps}
}

// Send writes the next steps and returns how many samples were acknowledged. Progress is called now and
// then with the number of these steps that are done.
func (s *Sender) Send(ctx context.Context, steps int, progress func(step int)) (samples int64, err error) {
	before := s.acknowledged()
	from, to := s.step, min(s.step+steps, s.steps)
	for s.step < to {
		next := min(s.step+window, to)
		group, ctx := errgroup.WithContext(ctx)
		for sender := range senders {
			group.Go(func() error {
				for range next - s.step {
					for i := sender; i < len(s.shards); i += senders {
						if err := s.shards[i].sendStep(ctx, s.server); err != nil {
							return err
						}
					}
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			return 0, err
		}
		s.step = next
		progress(next - from)
	}
	return s.acknowledged() - before, nil
}

func (s *Sender) acknowledged() (samples int64) {
	for _, shard := range s.shards {
		samples += shard.samples
	}
	return samples
}

// Close lets go of the data.
func (s *Sender) Close() {
	for _, shard := range s.shards {
		shard.stop()
	}
}

// shard is the targets that share a request. It is used by one goroutine at a time.
type shard struct {
	targets []*cursor
	request prompb.WriteRequest
	samples int64 // acknowledged
}

// cursor is how far a target's rows have been sent.
type cursor struct {
	next   func() (Row, bool)
	stop   func()
	series []prompb.TimeSeries // with labels and room for one sample
}

// shardsOf groups targets into requests of at most batch samples, but at least one target each.
func shardsOf(targets []Target, batch int) []*shard {
	var shards []*shard
	room := 0
	for _, target := range targets {
		c := &cursor{}
		c.next, c.stop = iter.Pull(target.Rows())
		for _, l := range target.Series() {
			c.series = append(c.series, peers.TimeSeries(l, prompb.Sample{}))
		}
		if len(c.series) > room || len(shards) == 0 {
			shards = append(shards, &shard{})
			room = batch
		}
		last := shards[len(shards)-1]
		last.targets = append(last.targets, c)
		room -= len(c.series)
	}
	return shards
}

// sendStep sends the next row of every target.
func (s *shard) sendStep(ctx context.Context, server *peers.Server) error {
	s.request.Timeseries = s.request.Timeseries[:0]
	for _, c := range s.targets {
		row, ok := c.next()
		if !ok {
			continue
		}
		for i := range c.series {
			if row.has(i) {
				c.series[i].Samples[0] = prompb.Sample{Timestamp: row.TimeMS, Value: row.Values[i]}
				s.request.Timeseries = append(s.request.Timeseries, c.series[i])
			}
		}
	}
	if len(s.request.Timeseries) == 0 {
		return nil
	}
	if err := server.Write(ctx, &s.request); err != nil {
		return err
	}
	s.samples += int64(len(s.request.Timeseries))
	return nil
}

func (s *shard) stop() {
	for _, c := range s.targets {
		c.stop()
	}
}
