package actions

import (
	"context"
	"sync"
)

// crew are the goroutines of a Manager: workers for targets and receivers. They run between the
// start and the end of Run, and are joined before it returns.
type crew struct {
	mu      sync.Mutex // guards what follows
	ctx     context.Context
	members map[string]*member
	group   sync.WaitGroup
}

// member is one worker; stop is nil while it does not run.
type member struct {
	work func(context.Context)
	stop context.CancelFunc
}

func newCrew() *crew { return &crew{members: map[string]*member{}} }

// run starts everyone.
func (c *crew) run(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ctx = ctx
	for _, m := range c.members {
		c.start(m)
	}
}

// add takes a worker in, and starts it if the crew runs. A worker of this name must not be there.
func (c *crew) add(name string, work func(context.Context)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := &member{work: work}
	c.members[name] = m
	if c.ctx != nil {
		c.start(m)
	}
}

// remove ends a worker, without waiting for it.
func (c *crew) remove(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := c.members[name]; m != nil {
		if m.stop != nil {
			m.stop()
		}
		delete(c.members, name)
	}
}

// do runs work once, if the crew runs.
func (c *crew) do(work func(context.Context)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx := c.ctx; ctx != nil {
		c.group.Go(func() { work(ctx) })
	}
}

func (c *crew) start(m *member) {
	ctx, stop := context.WithCancel(c.ctx)
	m.stop = stop
	c.group.Go(func() {
		defer stop()
		m.work(ctx)
	})
}

// wait returns when everyone has ended; the context of run must have. Nobody starts from now on.
func (c *crew) wait() {
	c.mu.Lock()
	c.ctx = nil
	for _, m := range c.members {
		m.stop = nil
	}
	c.mu.Unlock()
	c.group.Wait()
}
