package rules

import (
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// InstanceStatus is one instance as a person or the API sees it.
type InstanceStatus struct {
	Rule   *RuleInfo
	Labels labels.Labels
	State  State
	// Unknown reports that the condition has no value at present, since UnknownSince.
	Unknown      bool
	UnknownSince time.Time
	// Held reports a fresh start: the windows are not covered yet, so it cannot fire.
	Held bool
	// Since is when State began, FiringSince when the instance last began to fire (zero: never).
	Since, FiringSince time.Time
	// SampleTime is the time of the newest sample behind the instance.
	SampleTime time.Time
	// Reason is one line for people, Terms the values behind it in the order of the condition.
	Reason string
	Terms  []Term
}
