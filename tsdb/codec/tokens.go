package codec

import (
	"math"
	"math/bits"
)

// A token is the part of a number that is entropy coded. Small numbers are tokens themselves; above
// them each octave has two tokens, and the rest of the number follows as raw bits. Finer bins cost
// more in tables than they save: residuals are nearly uniform within half an octave.
const (
	directTokens = 16
	directBits   = 4 // directTokens is 1 << directBits
	tokenCount   = directTokens + 2*(64-directBits)
)

// tokenOf is the token of u.
func tokenOf(u uint64) int {
	if u < directTokens {
		return int(u)
	}
	octave := bits.Len64(u) - 1
	return directTokens + (octave-directBits)*2 + int(u>>(octave-1)&1)
}

// tokenBits is how many raw bits follow a token.
func tokenBits(token int) int {
	if token < directTokens {
		return 0
	}
	return directBits - 1 + (token-directTokens)/2
}

// tokenBase is the smallest number of a token; the raw bits are added to it.
func tokenBase(token int) uint64 {
	if token < directTokens {
		return uint64(token)
	}
	octave := directBits + (token-directTokens)/2
	return 1<<octave | uint64(token&1)<<(octave-1)
}

// tokenParts is tokenBits and tokenBase as a table.
var tokenParts = func() (parts [256]struct {
	base uint64
	bits uint8
}) {
	for t := range tokenCount {
		parts[t].base, parts[t].bits = tokenBase(t), uint8(tokenBits(t))
	}
	return parts
}()

// tokenCounts is how often each token occurs.
type tokenCounts [tokenCount]int

// add counts the tokens of values and returns the number of raw bits that come with them.
func (t *tokenCounts) add(values []uint64) (raw int) {
	for _, u := range values {
		token := tokenOf(u)
		t[token]++
		raw += int(tokenParts[token&255].bits)
	}
	return raw
}

// entropy is a lower bound of the bits that an entropy coder needs for the tokens, total of them.
func (t *tokenCounts) entropy(total int) int {
	sum := timesLog2(total)
	for _, n := range t {
		if n > 0 {
			sum -= timesLog2(n)
		}
	}
	return int(sum)
}

// timesLog2 is n*log2(n).
func timesLog2(n int) float64 {
	if n < len(timesLog2Table) {
		return timesLog2Table[n]
	}
	return float64(n) * math.Log2(float64(n))
}

// timesLog2Table covers the samples that plans are chosen on.
var timesLog2Table = func() (table [samplesPerPlan + 1]float64) {
	for n := 2; n < len(table); n++ {
		table[n] = float64(n) * math.Log2(float64(n))
	}
	return table
}()
