// Package syntax reads and writes rule files: lexer, grammar, tree, printer, errors, and the
// checks that need no engine. It knows what a rule file says, not what its metrics are worth.
//
// A file goes through five steps, one source file each: lexer.go makes tokens, outline.go cuts
// them into declarations and clauses (so that a mistake in one hides none in the next), repair.go puts
// what was meant where a sign or form is wrong, grammar.go reads each piece into the tree of this file
// with participle, again behind each mistake (mend.go), and check.go looks at all files together.
// printer.go is the way back.
package syntax

// File is what could be read of one rule file.
type File struct {
	// Name is the path by which errors name the file.
	Name string
	// Source is the text as given.
	Source string
	// Declarations stand in the order of the file.
	Declarations []Declaration
	// Closing holds the comments after the last declaration.
	Closing []string
	// TakenBy is set in a catalogue: the file that uses it, and that alone sees its metrics. What other
	// files declare is seen by the whole load.
	TakenBy *File
	// flawed is set where Parse has reported a mistake.
	flawed bool
	// lineStarts are the offsets of the lines in Source, so that an error finds its line at once; nil
	// where Parse did not make the file.
	lineStarts []uint32
}

// Trivia is what the printer keeps and nobody else reads: the comments of a declaration, clause or
// statement.
type Trivia struct {
	// Leading are the comment lines before it, each with its '#'; "" stands for blank lines.
	Leading []string
	// Trailing is the comment after it on its (last) line, "" for none.
	Trailing string
	// broken marks what could not be read whole: it is there, but its fields say little.
	broken bool
}

func (t *Trivia) trivia() *Trivia { return t }

// Declaration is one of *Use, *Import, *Alarms, *Metric, *Let, *Route, *Rule, *Test.
type Declaration interface {
	item
	declaration()
}

// item is what stands on lines of its own and can carry comments.
type item interface {
	Range() Span
	setSpan(Span)
	trivia() *Trivia
}

// Block holds the comments of a declaration in braces that belong to none of its clauses.
type Block struct {
	// Opening is the comment after the opening brace.
	Opening string
	// Closing are the comment lines before the closing brace.
	Closing []string
}

func (b *Block) block() *Block { return b }

// Use takes a catalogue of metrics: use "otel-genai".
type Use struct {
	Trivia
	Span
	Catalogue String `parser:"'use' @@"`
}

// Import takes the declarations of another file, named relative to this one.
type Import struct {
	Trivia
	Span
	Path String `parser:"'import' @@"`
}

// Alarms sets how many false alarms the detectors of `shifted` may raise: alarms 1 per 1y.
type Alarms struct {
	Trivia
	Span
	Count Number   `parser:"'alarms' @@"`
	Per   Duration `parser:"'per' @@"`
}

// Metric names a metric: metric failures = counter "llm_requests_total" where status =~ "5..".
type Metric struct {
	Trivia
	Span
	Name Name `parser:"'metric' @@"`
	// Kind is counter, gauge or histogram.
	Kind Name `parser:"'=' @@"`
	// Sources are the names under which the metric arrives; at least one.
	Sources []String `parser:"@@ ('or' @@)*"`
	// Where takes the series that one of its selectors takes; all of them where there is none.
	Where []Selector `parser:"('where' ('{' @@ ('or' @@)* '}' | @@ ('or' @@)*))?"`
}

// Let names a part of a condition for the rules of its file.
type Let struct {
	Trivia
	Span
	Name  Name `parser:"'let' @@"`
	Value Expr `parser:"'=' @@"`
}

// Selector takes the series that fulfil all of its matchers; at least one.
type Selector struct {
	Matchers []Matcher `parser:"@@ (',' @@)*"`
}

// Matcher selects series by a label, as in PromQL.
type Matcher struct {
	Label Label `parser:"@@"`
	// Op is one of = != =~ !~.
	Op    string `parser:"@('=' | '!=' | '=~' | '!~')"`
	Value String `parser:"@@"`
}

// Name is a word: a name that the file declares or refers to, or one of a fixed set.
type Name struct {
	Span
	Text string
}

// Label is the name of a label: a word, or a quoted text where it is not one, as in PromQL.
type Label Name

// String is a quoted text.
type String struct {
	Span
	// Value is the text without quotes and escapes.
	Value string
}

// Duration is a written length of time, such as 1h30m.
type Duration struct {
	Span
	// Text is how it is written; Nanos what it means, exactly.
	Text  string
	Nanos int64
}
