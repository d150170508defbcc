package rules

import (
	"slices"

	"github.com/neuroweaver/heddle/rules/detect"
)

// carryDetectors takes over what the detectors of the program before know where this one asks the same and allows
// as many false alarms. They have seen all that was committed, and nobody uses them after this.
func (f *force) carryDetectors(before *force) {
	if before.budget.PerMS != f.budget.PerMS {
		return
	}
	carried := false
	for _, old := range before.groups {
		for _, g := range f.groups {
			if len(old.scope.shifts) == 0 || len(g.scope.shifts) == 0 || !slices.Equal(old.scope.on, g.scope.on) {
				continue
			}
			for key, s := range g.byKey {
				if known := old.byKey[key]; known != nil && s.carry(known) {
					carried = true
				}
			}
		}
	}
	if !carried {
		return
	}
	heard := map[uint64]*feed{} // by hash of the labels of the series, as clocks are
	for tr := range before.tracked {
		for i := range tr.targets {
			if told := tr.targets[i].feed; told != nil && told.heard {
				heard[tr.hash] = told
			}
		}
	}
	for tr := range f.tracked {
		for i := range tr.targets {
			told := tr.targets[i].feed
			if told == nil {
				continue
			}
			if from := heard[tr.hash]; from != nil {
				told.newest, told.heard, told.growth, told.native = from.newest, true, from.growth, from.native
			}
			told.settle()
		}
	}
}

// carry takes over the detectors of a subject if all are known there.
func (s *subject) carry(old *subject) bool {
	if old.unlearned || len(s.detectors) == 0 {
		return false
	}
	places := make([]int, len(s.detectors))
	for i, number := range s.group.scope.shifts {
		asked := s.group.scope.shiftKey(number)
		places[i] = slices.IndexFunc(old.group.scope.shifts, func(n int) bool { return old.group.scope.shiftKey(n) == asked })
		if places[i] < 0 {
			return false
		}
	}
	for i, d := range s.detectors {
		d.Become(old.detectors[places[i]])
	}
	s.unlearned = false
	return true
}

// shiftKey is equal for calls of shifted that mean the same, also in another program.
func (s *scope) shiftKey(number int) string {
	t := &s.terms[number]
	key := t.text + "\n" + s.metrics[t.slot].key()
	if t.plan.Kind == detect.Share {
		key += "\n" + s.metrics[t.divisor].key()
	}
	return key
}

// tracked gives all series that were met.
func (f *force) tracked(yield func(*tracked) bool) {
	for _, tr := range f.series {
		if tr != nil && tr != ignored && !yield(tr) {
			return
		}
	}
	for _, list := range f.rebuilt {
		for _, r := range list {
			if !yield(r.tracked) {
				return
			}
		}
	}
}
