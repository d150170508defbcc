package syntax

import "time"

// Value is the duration as Go has it.
func (d Duration) Value() time.Duration { return time.Duration(d.Nanos) }

// Rule is one rule; it has one independent instance for each value of its On labels.
type Rule struct {
	Trivia
	Span
	Name Name    `parser:"'rule' @@"`
	On   []Label `parser:"'on' @@ (',' @@)*"`
	Block
	// Clauses stand in the order of the file. The methods of Rule find them by what they are.
	Clauses []RuleClause
}

// RuleClause is one of *When, *Require, *For, *Recover, *Missing, *Severity, *Summary, *LabelText,
// *AnnotationText, *Dedup, *Because, *Switch, *Notify, *Mode.
type RuleClause interface {
	item
	ruleClause()
}

// When is the condition of a rule.
type When struct {
	Trivia
	Span
	Condition Expr `parser:"'when' @@"`
}

// Require is what must be true for the condition to be known at all.
type Require struct {
	Trivia
	Span
	Condition Expr `parser:"'require' @@"`
}

// For is how long the condition must be true before the rule fires.
type For struct {
	Trivia
	Span
	Hold Hold `parser:"'for' @@"`
}

// Hold is a time ("15s"), or a share of evaluations ("3 of 5").
type Hold struct {
	Span
	// Time is set for a time; else N of M are set, 1 ≤ N ≤ M.
	Time *Duration
	N, M int
}

// Recover is the condition of being good again, with its own hold.
type Recover struct {
	Trivia
	Span
	Condition Expr      `parser:"'recover' @@"`
	For       *Duration `parser:"('for' @@)?"`
}

// Missing says what silence means: hold, fire after a time, or clear after a time.
type Missing struct {
	Trivia
	Span
	// Policy is hold, fire or clear.
	Policy Name      `parser:"'missing' @@"`
	After  *Duration `parser:"('after' @@)?"`
}

// Severity is info, warning or critical.
type Severity struct {
	Trivia
	Span
	Level Name `parser:"'severity' @@"`
}

// Summary is the one line that a person reads first.
type Summary struct {
	Trivia
	Span
	Text Template `parser:"'summary' @@"`
}

// LabelText adds a label to the rule's alerts.
type LabelText struct {
	Trivia
	Span
	Key  Name     `parser:"'label' @@"`
	Text Template `parser:"@@"`
}

// AnnotationText adds an annotation to the rule's alerts.
type AnnotationText struct {
	Trivia
	Span
	Key  Name     `parser:"'annotation' @@"`
	Text Template `parser:"@@"`
}

// Dedup makes one alert of the instances that are alike in its labels.
type Dedup struct {
	Trivia
	Span
	By  []Label   `parser:"'dedup' 'by' @@ (',' @@)*"`
	For *Duration `parser:"('for' @@)?"`
}

// Because names the rules of which this one is a symptom.
type Because struct {
	Trivia
	Span
	Rules []Name `parser:"'because' @@ (',' @@)*"`
}

// Switch names the routes for which a model is unfit while the rule fires for it.
type Switch struct {
	Trivia
	Span
	Routes []Name `parser:"'switch' @@ (',' @@)*"`
}

// Notify names receivers of the configuration.
type Notify struct {
	Trivia
	Span
	Receivers []Title `parser:"'notify' @@ (',' @@)*"`
}

// Mode is shadow, approve or auto; in a rule and in a route.
type Mode struct {
	Trivia
	Span
	Mode Name `parser:"'mode' @@"`
}

// Title is a name of the configuration: a word, or a quoted text where it is not one.
type Title Name

func firstRuleClause[C RuleClause](r *Rule) (found C) {
	for _, clause := range r.Clauses {
		if c, ok := clause.(C); ok {
			return c
		}
	}
	return found
}

// When returns the rule's condition, nil where it is missing; so do the methods below.
func (r *Rule) When() *When { return firstRuleClause[*When](r) }

// Require returns the clause `require`, or nil.
func (r *Rule) Require() *Require { return firstRuleClause[*Require](r) }

// For returns the clause `for`, or nil.
func (r *Rule) For() *For { return firstRuleClause[*For](r) }

// Recover returns the clause `recover`, or nil.
func (r *Rule) Recover() *Recover { return firstRuleClause[*Recover](r) }

// Missing returns the clause `missing`, or nil.
func (r *Rule) Missing() *Missing { return firstRuleClause[*Missing](r) }

// Severity returns the clause `severity`, or nil.
func (r *Rule) Severity() *Severity { return firstRuleClause[*Severity](r) }

// Summary returns the clause `summary`, or nil.
func (r *Rule) Summary() *Summary { return firstRuleClause[*Summary](r) }

// Dedup returns the clause `dedup`, or nil.
func (r *Rule) Dedup() *Dedup { return firstRuleClause[*Dedup](r) }

// Because returns the clause `because`, or nil.
func (r *Rule) Because() *Because { return firstRuleClause[*Because](r) }

// Switch returns the clause `switch`, or nil.
func (r *Rule) Switch() *Switch { return firstRuleClause[*Switch](r) }

// Notify returns the clause `notify`, or nil.
func (r *Rule) Notify() *Notify { return firstRuleClause[*Notify](r) }

// Mode returns the clause `mode`, or nil.
func (r *Rule) Mode() *Mode { return firstRuleClause[*Mode](r) }

// Labels returns the clauses `label` in their order.
func (r *Rule) Labels() []*LabelText { return ruleClauses[*LabelText](r) }

// Annotations returns the clauses `annotation` in their order.
func (r *Rule) Annotations() []*AnnotationText { return ruleClauses[*AnnotationText](r) }

func ruleClauses[C RuleClause](r *Rule) (found []C) {
	for _, clause := range r.Clauses {
		if c, ok := clause.(C); ok {
			found = append(found, c)
		}
	}
	return found
}

func (*Use) declaration()    {}
func (*Import) declaration() {}
func (*Alarms) declaration() {}
func (*Metric) declaration() {}
func (*Let) declaration()    {}
func (*Route) declaration()  {}
func (*Rule) declaration()   {}
func (*Test) declaration()   {}

func (*When) ruleClause()           {}
func (*Require) ruleClause()        {}
func (*For) ruleClause()            {}
func (*Recover) ruleClause()        {}
func (*Missing) ruleClause()        {}
func (*Severity) ruleClause()       {}
func (*Summary) ruleClause()        {}
func (*LabelText) ruleClause()      {}
func (*AnnotationText) ruleClause() {}
func (*Dedup) ruleClause()          {}
func (*Because) ruleClause()        {}
func (*Switch) ruleClause()         {}
func (*Notify) ruleClause()         {}
func (*Mode) ruleClause()           {}
