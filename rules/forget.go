package rules

import (
	"slices"
	"time"
)

// forgetAfter is how long a subject may say nothing before it is forgotten with its series, unless
// some rule still fires for it: a day, so that what runs at night only is kept.
const forgetAfter = 24 * time.Hour

// forgetAt is when the subject may be forgotten if it says nothing, in nanoseconds since the epoch; 0: not
// while it is like this.
func (s *subject) forgetAt() int64 {
	if s.known() || slices.ContainsFunc(s.instances, func(i *instance) bool { return i.life.state != Inactive }) {
		return 0
	}
	return s.heard + int64(forgetAfter)
}

// forget lets go of a subject that has been silent for long enough, and of its series, which are met
// anew if they ever come again. Subjects that share series go together. It returns what has to be told
// of their instances.
func (e *Engine) forget(s *subject, m moment, changed []Transition) ([]Transition, bool) {
	now := m.now.UnixNano()
	if at := s.forgetAt(); at == 0 || at > now {
		return changed, false
	}
	company := s.company()
	for _, other := range company {
		if at := other.forgetAt(); at == 0 || at > now {
			s.heard = now // it stays as long as they do; ask again later
			return changed, false
		}
	}
	for _, gone := range company {
		for _, tr := range gone.members {
			e.force.drop(tr)
		}
		key, _ := keyOf(gone.group.scope.on, gone.labels)
		if gone.group.byKey[key] == gone { // not gone with another already
			delete(gone.group.byKey, key)
			e.force.budget.Streams -= len(gone.detectors)
		}
		for _, i := range gone.instances {
			if i.announced {
				t := i.removed(m.now)
				t.Reason = "nothing has been heard of it for " + formatDuration(forgetAfter)
				changed = append(changed, t)
			}
			e.metrics.count(i.life, life{})
		}
		gone.instances, gone.wake = nil, 0
	}
	return changed, true
}

// company is the subject and all that share series with it, directly or through others.
func (s *subject) company() []*subject {
	found, known := []*subject{s}, map[*subject]bool{s: true}
	for n := 0; n < len(found); n++ {
		for _, tr := range found[n].members {
			for _, other := range tr.subjects {
				if !known[other] {
					known[other] = true
					found = append(found, other)
				}
			}
		}
	}
	return found
}

// drop forgets that a series was met.
func (f *force) drop(tr *tracked) {
	for i := range tr.targets {
		if floats := tr.targets[i].floats; floats != nil {
			floats.Leave()
		}
	}
	if tr.id != 0 {
		f.series[tr.id] = nil
		return
	}
	f.rebuilt[tr.hash] = slices.DeleteFunc(f.rebuilt[tr.hash], func(r rebuiltSeries) bool { return r.tracked == tr })
	if len(f.rebuilt[tr.hash]) == 0 {
		delete(f.rebuilt, tr.hash)
	}
}
