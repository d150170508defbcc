package syntax

import "time"

// Expr is one of *Number, *Text, *Ref, *Call, *Unary, *Binary, *Paren.
type Expr interface {
	Range() Span
	expr()
}

// Unit is what is written behind a number.
type Unit uint8

// The units of numbers.
const (
	// None: 30, 0.5, 1e6.
	None Unit = iota
	// Percent: 5% is 0.05.
	Percent
	// Time: 250ms, 1h30m; the value is in seconds.
	Time
	// Bytes: 512MiB, 2GB.
	Bytes
	// Count: 2k, 3M are thousands and millions.
	Count
)

// Number is a number as written, with its unit.
type Number struct {
	Span
	// Text is the number as written: "5%".
	Text string
	// Value is what it means: 0.05. Times are in seconds, sizes in bytes.
	Value float64
	Unit  Unit
	// Nanos is the exact length of a number whose unit is Time; else 0.
	Nanos int64
}

// Duration is the exact length of a number whose unit is Time.
func (n *Number) Duration() time.Duration { return time.Duration(n.Nanos) }

// Text is a quoted text in an expression. No function takes one; it is in the tree so that the
// mistake is explained rather than called unexpected.
type Text struct {
	Span
	Value string
}

// Ref is a name in an expression: a metric, a let, a rule, a route, a direction, or, in a
// template, a label.
type Ref struct {
	Span
	Name string
}

// Call is a function with its arguments.
type Call struct {
	Span
	Function Name
	Args     []Expr
}

// Op is an operator.
type Op string

// The operators, from the weakest binding to the strongest; those of one line bind alike.
const (
	Or  Op = "or"
	And Op = "and"
	Not Op = "not"

	Greater, GreaterEqual, Less, LessEqual, Equal, NotEqual Op = ">", ">=", "<", "<=", "==", "!="

	Add, Subtract            Op = "+", "-"
	Multiply, Divide, Modulo Op = "*", "/", "%"

	Negate Op = "-"
)

// IsComparison reports whether the operator compares two numbers.
func (o Op) IsComparison() bool {
	switch o {
	case Greater, GreaterEqual, Less, LessEqual, Equal, NotEqual:
		return true
	}
	return false
}

// IsLogical reports whether the operator is and, or, not.
func (o Op) IsLogical() bool { return o == And || o == Or || o == Not }

// Unary is `not X` or `-X`.
type Unary struct {
	Span
	Op Op
	X  Expr
}

// Binary is `X op Y`. All operators bind to the left; a comparison cannot be compared again.
type Binary struct {
	Span
	Op Op
	// OpPos is where the operator stands.
	OpPos Pos
	X, Y  Expr
}

// Paren is `(X)`, kept because the author wrote it.
type Paren struct {
	Span
	X Expr
}

// Template is a text with expressions in braces: "p95 {p95(latency, 1m)} on {model}". A doubled
// brace is a brace.
type Template struct {
	Span
	Parts []TemplatePart
	// mistakes are those that were found in the text.
	mistakes []*mistake
}

// TemplatePart is a piece of text, or an expression where Expr is not nil. An expression that is
// only a name is a label of the instance.
type TemplatePart struct {
	Literal string
	Expr    Expr
}

func (*Number) expr() {}
func (*Text) expr()   {}
func (*Ref) expr()    {}
func (*Call) expr()   {}
func (*Unary) expr()  {}
func (*Binary) expr() {}
func (*Paren) expr()  {}

// Walk calls visit for the expression and all below it, outside first, until visit returns false
// for a node, whose inside is then left out.
func Walk(e Expr, visit func(Expr) bool) {
	if e == nil || !visit(e) {
		return
	}
	switch e := e.(type) {
	case *Call:
		for _, arg := range e.Args {
			Walk(arg, visit)
		}
	case *Unary:
		Walk(e.X, visit)
	case *Binary:
		Walk(e.X, visit)
		Walk(e.Y, visit)
	case *Paren:
		Walk(e.X, visit)
	}
}
