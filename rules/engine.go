package rules

import (
	"context"
	"time"

	"github.com/neuroweaver/heddle/tsdb"
)

// Engine turns samples into state changes of rule instances. It owns the windows and the states;
// it has no clock and starts no goroutine: Observe, Tick and Load are told the time.
type Engine struct {
	options Options
}

// NewEngine returns an engine without rules.
func NewEngine(o Options) *Engine { return &Engine{options: o} }

// Load puts a program in force, all at once. Rules whose text did not change keep their instances
// with states and clocks; the instances of the others are removed, with a transition that says so.
// The states of restored are taken over where their rule exists. Windows are rebuilt from the store.
func (e *Engine) Load(ctx context.Context, p *Program, restored []InstanceState, now time.Time) error {
	return nil
}

// Observe takes a committed batch: it moves the windows that the samples touch and decides on their
// instances, before it returns.
func (e *Engine) Observe(b *tsdb.Batch, now time.Time) {}

// Tick decides on what moves without samples: holds that are over, windows that slide out.
func (e *Engine) Tick(now time.Time) {}

// NextTick is when Tick has something to do; zero: nothing is due.
func (e *Engine) NextTick() time.Time { return time.Time{} }

// Instances returns all instances, sorted by rule and labels.
func (e *Engine) Instances() []InstanceStatus { return nil }
