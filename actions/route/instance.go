// Package route decides which model each route serves. It is pure: what the rules said and the time
// come in, decisions come out, and doing them is for others. The same code runs in the server, in
// tests of rules and in replays.
package route

import (
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/rules"
)

// ModelLabel is the label whose value names the model that a rule's instance is about.
const ModelLabel = "model"

// Instance is the last word of one rule about one set of labels.
type Instance struct {
	Rule   string        `json:"rule"`
	Hash   string        `json:"hash"`
	Mode   rules.Mode    `json:"mode"`
	Routes []string      `json:"routes,omitempty"` // for which a firing instance makes its model unfit
	Labels labels.Labels `json:"labels"`
	State  rules.State   `json:"state"`
	Since  time.Time     `json:"since"`
	// FiringSince is when it last began to fire; zero: never.
	FiringSince time.Time    `json:"firing_since,omitzero"`
	Reason      string       `json:"reason,omitempty"`
	Terms       []rules.Term `json:"-"`
	// Unknown: the condition has had no value since; State is the last one known.
	Unknown bool `json:"unknown,omitempty"`
	// Gone: the rules no longer follow it, though the rule is in force: nobody knows how it is.
	Gone bool `json:"gone,omitempty"`
	// Suspended: a person has silenced it and asked that it move nothing meanwhile.
	Suspended bool `json:"suspended,omitempty"`
	// Overruled: probes found the model well while the rule was blind; ends with the next word.
	Overruled bool `json:"overruled,omitempty"`
}

// Key names the instance among all.
func (i *Instance) Key() string { return InstanceKey(i.Rule, i.Labels) }

// InstanceKey names an instance by its rule and labels.
func InstanceKey(rule string, l labels.Labels) string { return rule + l.String() }

// Model is the model it is about, "" for none.
func (i *Instance) Model() string { return i.Labels.Get(ModelLabel) }

// Firing reports that the rule has fired and not yet recovered.
func (i *Instance) Firing() bool { return i.State == rules.Firing || i.State == rules.Recovering }

// Blind reports that what State says may no longer be so.
func (i *Instance) Blind() bool { return i.Unknown || i.Gone || i.Suspended }
