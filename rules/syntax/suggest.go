package syntax

import (
	"fmt"
	"iter"
	"strings"
)

// maxSuggestLength bounds the quadratic cost of a comparison; longer words are nobody's typing slip.
const maxSuggestLength = 64

// Suggest returns the candidate that is most likely meant by a mistyped word, "" where none is near:
// at most a third of its letters (and at least one) may be wrong, missing, extra or swapped. Of
// candidates equally near the first wins, so the order of candidates decides.
func Suggest(word string, candidates iter.Seq[string]) string {
	best, bestDistance := "", max(1, len(word)/3)+1
	if len(word) > maxSuggestLength {
		return ""
	}
	for candidate := range candidates {
		// So many letters at least are missing or extra.
		if difference := len(word) - len(candidate); max(difference, -difference) >= bestDistance {
			continue
		}
		if candidate == word || len(candidate) > maxSuggestLength {
			continue
		}
		if d := distance(strings.ToLower(word), strings.ToLower(candidate)); d < bestDistance && d < len(candidate) {
			best, bestDistance = candidate, d
		}
	}
	return best
}

// DidYouMean is the hint for a mistyped word: a question where a candidate is near, else "".
func DidYouMean(word string, candidates iter.Seq[string]) string {
	if best := Suggest(word, candidates); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return ""
}

// distance is the optimal string alignment distance: insertions, deletions, substitutions and
// swaps of neighbours, each at cost 1.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			substitute := last[j-1]
			if a[i-1] != b[j-1] {
				substitute++
			}
			row[j] = min(substitute, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
