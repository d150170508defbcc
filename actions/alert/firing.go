package alert

// firing are the firing alerts of one rule, so that those with the same labels as an alert of another
// rule are found without looking at all: in a storm both rules have thousands.
type firing struct {
	all map[string]*Alert // by ID
	// with are those whose group has this label, by ID; carriers counts those that have one of the name.
	with     map[pair]map[string]*Alert
	carriers map[string]int
}

// pair is a label.
type pair struct{ name, value string }

func newFiring() *firing {
	return &firing{all: map[string]*Alert{}, with: map[pair]map[string]*Alert{}, carriers: map[string]int{}}
}

func (f *firing) add(a *Alert) {
	if f.all[a.ID] != nil {
		return
	}
	f.all[a.ID] = a
	for name, value := range a.Group {
		f.carriers[name]++
		label := pair{name, value}
		if f.with[label] == nil {
			f.with[label] = map[string]*Alert{}
		}
		f.with[label][a.ID] = a
	}
}

func (f *firing) remove(a *Alert) {
	if f.all[a.ID] == nil {
		return
	}
	delete(f.all, a.ID)
	for name, value := range a.Group {
		f.carriers[name]--
		label := pair{name, value}
		if delete(f.with[label], a.ID); len(f.with[label]) == 0 {
			delete(f.with, label)
		}
	}
}

// near has all alerts that share a's labels, and as few others as can be told by one label that all
// of the rule carry.
func (f *firing) near(a *Alert) map[string]*Alert {
	if f == nil {
		return nil
	}
	near := f.all
	for name, value := range a.Group {
		if with := f.with[pair{name, value}]; f.carriers[name] == len(f.all) && len(with) < len(near) {
			near = with
		}
	}
	return near
}
