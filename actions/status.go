package actions

import "time"

// RouteStatus is a route as people and gateways see it. It shows only what is durable: after a crash
// nobody has seen an epoch that the journal does not know.
type RouteStatus struct {
	Name  string `json:"name"`
	Epoch uint64 `json:"epoch"`
	// Serving is the model that every target which can be told serves; Wanted is the model that the
	// present epoch directs to. They differ while a switch is under way.
	Serving string `json:"serving"`
	Wanted  string `json:"wanted"`
	Primary string `json:"primary"`
	// State is the phase of the present epoch: planned, applying, verifying, applied, compensating,
	// reverted or failed.
	State   string             `json:"state"`
	Since   time.Time          `json:"since"`
	Reason  string             `json:"reason"`
	Models  []ModelStatus      `json:"models"`
	Weights map[string]float64 `json:"weights"`
	Mode    string             `json:"mode"`
	// Held says why a change that is wanted does not happen: the guard, the panic guard, manual mode.
	Held     string    `json:"held,omitempty"`
	Manual   bool      `json:"manual,omitempty"`
	Pin      *Hold     `json:"pin,omitempty"`
	Proposal *Proposal `json:"proposal,omitempty"`
	// Shadow is the model that a route in mode shadow would serve.
	Shadow  string         `json:"shadow,omitempty"`
	Targets []TargetStatus `json:"targets,omitempty"`
}

// ModelStatus is one model of a route.
type ModelStatus struct {
	Model string `json:"model"`
	Fit   bool   `json:"fit"`
	// UnfitBecause names rules, or says "excluded by WHO" or "could not be applied".
	UnfitBecause []string `json:"unfit_because,omitempty"`
	// Unknown reports that some rule has no data for the model at present.
	Unknown bool `json:"unknown,omitempty"`
	// FitSince is since when it has been known to be fit without a break.
	FitSince *time.Time `json:"fit_since,omitempty"`
	// ReturnAt is when traffic would return to it if it stays fit.
	ReturnAt *time.Time `json:"return_at,omitempty"`
}

// Hold is something a person said about a route.
type Hold struct {
	Model string    `json:"model"`
	By    string    `json:"by"`
	Why   string    `json:"why,omitempty"`
	Time  time.Time `json:"time"`
}

// Proposal is a switch that waits for a person's word.
type Proposal struct {
	Action string    `json:"action"`
	From   string    `json:"from"`
	To     string    `json:"to"`
	Reason string    `json:"reason"`
	Time   time.Time `json:"time"`
}

// TargetStatus is one connector of a route.
type TargetStatus struct {
	Connector string `json:"connector"`
	// State is "current", "applying", "waiting" (for an acknowledgement), "retrying", "refused" or "disabled".
	State string `json:"state"`
	// Epoch is the newest that it holds, as far as it is known.
	Epoch uint64 `json:"epoch"`
	// Confirmed reports that it was read back; else it took the epoch and said nothing.
	Confirmed bool   `json:"confirmed"`
	Attempts  int    `json:"attempts,omitempty"`
	Error     string `json:"error,omitempty"`
}
