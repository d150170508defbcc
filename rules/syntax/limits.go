package syntax

// The bounds of a rule file. They are far above what people write and low enough that no file,
// however it is made, takes more than about a second of CPU or a hundred megabytes to read.
const (
	// maxFileBytes bounds the work of the lexer: a file of a thousand rules has about 300 KiB.
	maxFileBytes = 1 << 20
	// maxTokens bounds memory, at about 200 bytes each: a file of a thousand rules has 60,000.
	maxTokens = 250_000
	// maxClauseTokens is far more than the longest list or expression that can be read otherwise; what is
	// longer is not looked into.
	maxClauseTokens = 10_000
	// maxReadAgain bounds the work behind mistakes: each has its clause, of some 20 tokens, read again,
	// so this is far more than maxErrors.
	maxReadAgain = maxTokens / 4
	// maxDeclarations and maxClauses bound what one file and one block can hold.
	maxDeclarations = 10_000
	maxClauses      = 2_000
	// maxDepth bounds the recursion of everything that walks an expression, and maxNodes its size.
	maxDepth = 64
	maxNodes = 1_000
	// maxStringBytes is longer than any text that a person would read in an alert.
	maxStringBytes = 4096
	// maxNameBytes is more than any name of a metric seen.
	maxNameBytes = 200
	// maxErrors are shown, more than a person repairs in one go; the rest is counted.
	maxErrors = 200
)
