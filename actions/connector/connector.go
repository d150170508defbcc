// Package connector is how the choice of a route reaches the world: one interface, one small package
// for each kind of target below this one, and one suite (conformance) that each of them passes.
package connector

import (
	"context"
	"time"
)

// Assignment is what a route is to do from one epoch on. Two assignments of one route with the same
// epoch are the same assignment; a target never goes back to an older epoch.
type Assignment struct {
	Route string
	Epoch uint64
	// Action is "switch", "rollback", "manual", or "initial" for the state a route starts with.
	Action   string
	From, To string
	// Weights are the shares of traffic by model; they sum to 1.
	Weights map[string]float64
	Reason  string
	// Decided is when the epoch began.
	Decided time.Time
}

// Serving is the model with the largest share of the traffic; the new one where shares are equal.
func (a Assignment) Serving() string {
	best, share := a.To, a.Weights[a.To]
	for model, weight := range a.Weights {
		if weight > share || weight == share && best != a.To && model < best {
			best, share = model, weight
		}
	}
	return best
}

// Reading is what a target holds for a route. Epoch 0 means that it holds nothing.
type Reading struct {
	Epoch uint64
	// Model is the serving model; empty where the target tells only its epoch.
	Model string
}

// Receipt is a target's answer to an assignment.
type Receipt struct {
	// Confirmed reports that the target was read back and holds the epoch. False means that it took
	// the assignment and said nothing more.
	Confirmed bool
	// Pending reports that the target has been offered the assignment and will acknowledge later.
	Pending bool
}

// Capabilities say what a kind of target can do; the guarantees that the documentation states follow
// from them.
type Capabilities struct {
	// ReadBack: Read works.
	ReadBack bool
	// Fence: the target, or the connector on its behalf, refuses an older epoch.
	Fence bool
	// Weights: the target can split traffic, so a switch may be gradual.
	Weights bool
	// Document: the target is a document that holds the present state, so the state a route starts
	// with is written to it too. Others are only told of changes.
	Document bool
	// Acknowledges: the target comes for the assignment itself and acknowledges it later; it does not
	// hold back what the route is said to serve.
	Acknowledges bool
}

// Connector applies assignments to one target. Calls for different routes may be concurrent; for
// one route there is one call at a time.
type Connector interface {
	Capabilities() Capabilities
	// Apply brings the target to a, and reads it back where it can. Applying what the target already
	// holds succeeds and changes nothing. The error is a *FencedError where the target holds a newer
	// epoch or another assignment of this one, a *RefusedError where trying again cannot help, and
	// anything else where it can.
	Apply(ctx context.Context, a Assignment) (Receipt, error)
	// Read says what the target holds for the route. ErrCannotRead where the target cannot say.
	Read(ctx context.Context, route string) (Reading, error)
}

// Prober is a connector that can try a model before traffic returns to it.
type Prober interface {
	// CanProbe reports whether it is configured to.
	CanProbe() bool
	// Probe has the target send one synthetic request to the model; nil: it was answered well.
	Probe(ctx context.Context, route, model string) error
}

// Acknowledger is a connector whose targets come for the assignment and report back.
type Acknowledger interface {
	// Acknowledge takes the word of a target that it holds the epoch for the route.
	// It returns an error where the epoch is newer than any that was offered.
	Acknowledge(route string, epoch uint64, who string) error
}
