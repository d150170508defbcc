package alert

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/neuroweaver/heddle/rules"
)

// Book holds all alerts and silences. It is not safe for concurrent use.
type Book struct {
	alerts map[string]*Alert
	// firing are those that fire, by rule.
	firing   map[string]*firing
	silences map[string]*silence
	because  map[string][]string // by rule, of the rules in force
	// unsettled are the alerts about which people may have to be told something.
	unsettled map[string]bool
	// pruneDue is when Prune has something to look at; zero: at once.
	pruneDue time.Time
}

// Notification is one thing to tell people.
type Notification struct {
	Alert *Alert
	// State is "firing" or "resolved".
	State string
	// Data is what is told.
	Data json.RawMessage
}

// Bounds: what ended is kept for a day, so that its owner can still look at it; the journal keeps all.
const (
	resolvedFor = 24 * time.Hour
	maxResolved = 10_000
	// pruneEvery is how often it is looked for what is older, where nothing ends meanwhile: nobody
	// counts on the minute of a day.
	pruneEvery = time.Minute
	// maxListed bounds the symptoms and instances that one message lists.
	maxListed = 50
)

// NewBook has no alerts.
func NewBook() *Book {
	return &Book{alerts: map[string]*Alert{}, firing: map[string]*firing{}, silences: map[string]*silence{}, unsettled: map[string]bool{}}
}

// Restore takes back an alert as it was kept.
func (b *Book) Restore(a *Alert) {
	b.alerts[a.ID] = a
	b.index(a)
	if a.Firing() != a.Told.Open {
		b.unsettled[a.ID] = true
	}
}

// SetRules takes note of which rule is a symptom of which.
func (b *Book) SetRules(infos []*rules.RuleInfo) {
	b.because = make(map[string][]string, len(infos))
	for _, info := range infos {
		b.because[info.Name] = info.Because
	}
}

// Apply takes a transition into the alert that it belongs to, and returns that; nil where there is
// none and the transition begins none.
func (b *Book) Apply(now time.Time, t rules.Transition) *Alert {
	named := group(t.Rule, t.Labels)
	id := alertID(t.Rule.Name, named)
	a := b.alerts[id]
	firing := !t.Removed && (t.To == rules.Firing || t.To == rules.Recovering)
	key := t.Labels.String()
	switch {
	case a == nil && !firing:
		return nil
	case a == nil:
		a = &Alert{ID: id, Rule: t.Rule.Name, Group: named}
		b.alerts[id] = a
		a.fire(t, now)
	case firing && t.From == t.To, firing && t.To == rules.Recovering && a.has(key):
		i, ok := a.Instances[key]
		if !ok {
			a.fire(t, now) // it fires already, and this is the first we hear of it
			break
		}
		i.Unknown = t.Unknown
		a.Instances[key] = i
	case firing:
		a.fire(t, now)
	case a.has(key):
		a.leave(key, t.Reason, now)
		if !a.Firing() {
			a.Values = values(t.Terms)
		}
	default:
		return nil
	}
	b.index(a)
	b.unsettled[id] = true
	return a
}

// index keeps firing in step with an alert that changed.
func (b *Book) index(a *Alert) {
	of := b.firing[a.Rule]
	if of == nil {
		of = newFiring()
		b.firing[a.Rule] = of
	}
	if a.Firing() {
		of.add(a)
	} else {
		of.remove(a)
	}
}

// Drop ends what instances with these labels contribute: their rule is gone.
func (b *Book) Drop(now time.Time, rule string, instances map[string]bool) []*Alert {
	of := b.firing[rule]
	if of == nil {
		return nil
	}
	var changed []*Alert
	for _, id := range slices.Sorted(maps.Keys(of.all)) {
		a := b.alerts[id]
		had := len(a.Instances)
		for key := range a.Instances {
			if instances[key] {
				a.leave(key, "the rule was removed", now)
			}
		}
		if len(a.Instances) != had {
			b.index(a)
			b.unsettled[id] = true
			changed = append(changed, a)
		}
	}
	return changed
}

func (a *Alert) has(key string) bool {
	_, ok := a.Instances[key]
	return ok && a.Firing()
}

// leave takes an instance out of the alert. With the last one it ends, and why is its reason.
func (a *Alert) leave(key, reason string, now time.Time) {
	delete(a.Instances, key)
	if len(a.Instances) == 0 {
		a.EndsAt, a.Reason = now, reason
	}
}

// Settle says what people must be told at now, and which alerts changed by it: what ended first, then
// what fires, because symptoms come to light when their cause ends. It is a function of the level:
// without news it says nothing.
func (b *Book) Settle(now time.Time) (told []Notification, changed []*Alert) {
	b.expire(now)
	ended := map[string]bool{}
	for _, a := range b.unsettledAlerts(false) {
		delete(b.unsettled, a.ID)
		ended[a.Rule], b.pruneDue = true, time.Time{}
		if a.Told.Open {
			a.Told.Open = false
			told, changed = append(told, b.notification(a, "resolved", now)), append(changed, a)
		}
	}
	b.wakeSymptoms(ended)
	for _, a := range b.unsettledAlerts(true) {
		switch {
		case a.Told.Open && !a.worse():
			delete(b.unsettled, a.ID)
		case b.muted(a, now) == "":
			delete(b.unsettled, a.ID)
			a.Told = Told{Open: true, At: now, Severity: a.Severity, Instances: len(a.Instances)}
			told, changed = append(told, b.notification(a, "firing", now)), append(changed, a)
		}
	}
	return told, changed
}

// unsettledAlerts are those that fire, or those that do not, by their IDs.
func (b *Book) unsettledAlerts(firing bool) []*Alert {
	var out []*Alert
	for _, id := range slices.Sorted(maps.Keys(b.unsettled)) {
		if a := b.alerts[id]; a != nil && a.Firing() == firing {
			out = append(out, a)
		}
	}
	return out
}

// wakeSymptoms has another look at the alerts that alerts of these rules may have explained.
func (b *Book) wakeSymptoms(ended map[string]bool) {
	if len(ended) == 0 {
		return
	}
	for id, a := range b.alerts {
		if a.Firing() && !a.Told.Open && slices.ContainsFunc(a.Because, func(rule string) bool { return ended[rule] }) {
			b.unsettled[id] = true
		}
	}
}

// muted says why nobody is told that a fires; "" where people are to be told.
func (b *Book) muted(a *Alert, now time.Time) string {
	if a.Mode == rules.Shadow {
		return "mode shadow"
	}
	if s := b.silencing(a, now); s != nil {
		return "silence " + s.ID
	}
	if cause := b.cause(a); cause != nil {
		return "symptom of " + cause.Rule
	}
	if until := a.Told.At.Add(a.DedupFor); !a.Told.Open && !a.Told.At.IsZero() && now.Before(until) && !a.worse() {
		return "dedup until " + until.UTC().Format(time.RFC3339)
	}
	return ""
}

// cause is the firing alert that explains a, if any.
func (b *Book) cause(a *Alert) *Alert {
	var found *Alert
	for _, rule := range a.Because {
		for _, other := range b.firing[rule].near(a) {
			if other == a || !a.shares(other) || found != nil && before(other, found) > 0 {
				continue
			}
			// Where rules name each other, what came first is the cause.
			if before(a, other) < 0 && b.reaches(other.Rule, a.Rule, nil) {
				continue
			}
			found = other
		}
	}
	return found
}

// explains reports whether some rule is a symptom of this one.
func (b *Book) explains(rule string) bool {
	for _, because := range b.because {
		if slices.Contains(because, rule) {
			return true
		}
	}
	return false
}

// reaches reports whether rule `from` is, directly or not, a symptom of rule `to`.
func (b *Book) reaches(from, to string, passed []string) bool {
	for _, next := range b.because[from] {
		if next == to || !slices.Contains(passed, next) && b.reaches(next, to, append(passed, next)) {
			return true
		}
	}
	return false
}

// Prune forgets what ended long ago, and returns their IDs.
func (b *Book) Prune(now time.Time) []string {
	if now.Before(b.pruneDue) {
		return nil
	}
	b.pruneDue = now.Add(pruneEvery)
	var ended []*Alert
	for _, a := range b.alerts {
		if !a.Firing() && !a.Told.Open {
			ended = append(ended, a)
		}
	}
	if len(ended) > maxResolved {
		slices.SortFunc(ended, func(x, y *Alert) int { return cmp.Or(y.EndsAt.Compare(x.EndsAt), before(x, y)) })
	}
	var gone []string
	for n, a := range ended {
		if n >= maxResolved || now.Sub(a.EndsAt) > max(resolvedFor, a.DedupFor) {
			delete(b.alerts, a.ID)
			delete(b.unsettled, a.ID)
			gone = append(gone, a.ID)
		}
	}
	slices.Sort(gone)
	return gone
}

// NextDue is when Settle has something to do without news; zero: never.
func (b *Book) NextDue(now time.Time) time.Time {
	var next time.Time
	at := func(t time.Time) {
		if t.After(now) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for id := range b.unsettled {
		if a := b.alerts[id]; a != nil && a.Firing() && !a.Told.At.IsZero() {
			at(a.Told.At.Add(a.DedupFor))
		}
	}
	for _, s := range b.silences {
		at(s.StartsAt)
		at(s.EndsAt)
	}
	return next
}

// Acknowledge notes who has taken a firing alert on.
func (b *Book) Acknowledge(id string, ack Acknowledgement) *Alert {
	a := b.alerts[id]
	if a == nil || !a.Firing() {
		return nil
	}
	a.Ack = &ack
	return a
}

// Get is the alert of this ID, or nil.
func (b *Book) Get(id string) *Alert { return b.alerts[id] }

// sorted are all alerts by start.
func (b *Book) sorted() []*Alert {
	return slices.SortedFunc(maps.Values(b.alerts), before)
}

// IsFiring reports whether the alert that a transition belongs to fires now.
func (b *Book) IsFiring(t rules.Transition) bool {
	a := b.alerts[alertID(t.Rule.Name, group(t.Rule, t.Labels))]
	return a != nil && a.Firing()
}

// Firing is how many alerts fire.
func (b *Book) Firing() int {
	n := 0
	for _, of := range b.firing {
		n += len(of.all)
	}
	return n
}
