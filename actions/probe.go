package actions

import (
	"context"
	"errors"

	"github.com/neuroweaver/heddle/actions/connector"
)

// probing is one try of a model by the connectors of a route.
type probing struct {
	m            *Manager
	route, model string
}

// run asks every connector that can to try the model; all must be answered well.
func (p probing) run(ctx context.Context) {
	var errs []error
	for _, t := range p.m.fleet.of(p.route) {
		if c, ok := t.connector.(connector.Prober); ok && c.CanProbe() {
			errs = append(errs, c.Probe(ctx, p.route, p.model))
		}
	}
	if ctx.Err() != nil {
		return
	}
	err := errors.Join(errs...)
	p.m.turn(p.m.o.Now(), func(t *turn) error {
		r := p.m.table.Route(p.route)
		if r == nil {
			return nil
		}
		event := probeEvent{Route: p.route, Model: p.model, Passed: err == nil && len(errs) > 0}
		if err != nil {
			event.Error = err.Error()
		}
		t.batch.Event(t.now, "probe", event)
		for _, i := range r.Probed(t.now, p.model, event.Passed, p.m.table.Evidence) {
			t.batch.Put(bucketInstance, i.Key(), i)
		}
		return nil
	})
}
