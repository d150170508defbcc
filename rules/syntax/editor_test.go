package syntax

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestEditorGrammar holds the TextMate grammar to the words of the language.
func TestEditorGrammar(t *testing.T) {
	text, err := os.ReadFile("../../docs/editors/heddle.tmLanguage.json")
	if err != nil {
		t.Fatal(err)
	}
	var grammar struct {
		Repository map[string]struct {
			Match string `json:"match"`
		} `json:"repository"`
	}
	if err := json.Unmarshal(text, &grammar); err != nil {
		t.Fatal(err)
	}
	matches := func(part, text string) bool {
		// Go has no lookahead: the parenthesis behind a function is matched with its name.
		pattern := strings.ReplaceAll(grammar.Repository[part].Match, `(?=\s*\()`, `\(`)
		return regexp.MustCompile(pattern).FindString(text) == text
	}
	for word := range words(heddle.declarations) {
		if !matches("declaration", word) {
			t.Errorf("the declaration %q is not coloured", word)
		}
	}
	for _, clauses := range heddle.clauses {
		for word := range words(clauses) {
			if !matches("clause", word) {
				t.Errorf("the clause %q is not coloured", word)
			}
		}
	}
	for name := range functionNames() {
		if !matches("function", name+"(") {
			t.Errorf("the function %q is not coloured", name)
		}
	}
	for _, number := range []string{"0", "5%", "0.5", "1e6", "15s", "250ms", "1h30m", "512MiB", "2GB", "2k", "3M"} {
		if !matches("number", number) {
			t.Errorf("the number %q is not coloured", number)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	b.SetBytes(int64(len(languageExample)))
	for b.Loop() {
		if _, errs := Parse("chat.rules", languageExample); errs != nil {
			b.Fatal(errs)
		}
	}
}
