package load

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/neuroweaver/heddle/actions"
	"github.com/neuroweaver/heddle/rules"
	"github.com/neuroweaver/heddle/rules/catalog"
	"github.com/neuroweaver/heddle/rules/syntax"
	"github.com/neuroweaver/heddle/rules/thresholds"
)

const docs = "../../docs/rules.md"

var writeDocs = flag.Bool("write-docs", false, "write the generated parts of docs/rules.md")

// fence is a block of code in a document.
type fence struct {
	language, text string
	line           int
}

func fences(t *testing.T, text string) (found []fence) {
	t.Helper()
	var open *fence
	for i, line := range strings.Split(text, "\n") {
		switch {
		case open == nil && strings.HasPrefix(line, "```"):
			open = &fence{language: strings.TrimPrefix(line, "```"), line: i + 2}
		case open != nil && line == "```":
			found = append(found, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		}
	}
	return found
}

// TestDocumentedRules loads every example of the rule documentation, and compares the mistakes of the
// broken ones with the block that follows them.
func TestDocumentedRules(t *testing.T) {
	text, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	all := fences(t, string(text))
	loaded, tests := 0, 0
	for i, f := range all {
		switch f.language {
		case "heddle":
			loaded++
			set := Set{{Name: fmt.Sprintf("docs/rules.md at line %d", f.line), Text: f.text}}
			_, errs := set.Compile(rules.CompileOptions{})
			if len(errs) > 0 {
				t.Errorf("the example at line %d does not load:\n%v", f.line, errs)
				continue
			}
			tests += runTests(t, set)
			file, _ := syntax.Parse("x.rules", f.text)
			if canonical := syntax.Format(file); canonical != f.text {
				t.Errorf("the example at line %d is not canonical; it should be\n%s", f.line, canonical)
			}
		case "heddle-error":
			loaded++
			_, errs := Set{{Name: "x.rules", Text: f.text}}.Compile(rules.CompileOptions{})
			if i+1 == len(all) || errs.Error()+"\n" != all[i+1].text {
				t.Errorf("the example at line %d gives\n%v", f.line, errs)
			}
		case "yaml":
			loaded++
			if _, errs := thresholds.Rules("t.yml", f.text, nil); len(errs) > 0 {
				t.Errorf("the example at line %d: %v", f.line, errs)
			}
		}
	}
	if loaded < 10 || tests < 2 {
		t.Errorf("only %d examples and %d tests were found", loaded, tests)
	}
}

// runTests runs the tests in rule files on the real engine and the real logic of routes, and returns
// how many there were.
func runTests(t *testing.T, set Set) int {
	t.Helper()
	files, _ := set.Parse()
	report, errs := rules.RunTests(t.Context(), files, rules.TestOptions{NewRouter: actions.NewSimulator})
	if len(errs) > 0 {
		t.Error(errs)
		return 0
	}
	for _, result := range report.Tests {
		for _, failure := range result.Failures {
			t.Errorf("%s: %s: after %s expected %s, got %s\n%v\n%v", failure.Position, result.Name, failure.After, failure.Expected, failure.Got, failure.Details, result.Timeline)
		}
	}
	return len(report.Tests)
}

// TestGeneratedDocumentation holds the reference to the tables of the program.
func TestGeneratedDocumentation(t *testing.T) {
	text, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	want := replacePart(t, string(text), "functions", documentFunctions())
	want = replacePart(t, want, "catalogues", documentCatalogues(t))
	if want == string(text) {
		return
	}
	if !*writeDocs {
		t.Error("docs/rules.md does not say what the program does; go test ./rules/load -write-docs writes it")
		return
	}
	if err := os.WriteFile(docs, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func replacePart(t *testing.T, text, name, part string) string {
	t.Helper()
	pattern := regexp.MustCompile(`(?s)(<!-- ` + name + `:[^>]*-->\n).*(<!-- end of ` + name + ` -->)`)
	at := pattern.FindStringSubmatchIndex(text)
	if at == nil {
		t.Fatalf("the part %s is not marked", name)
	}
	return text[:at[3]] + part + text[at[4]:]
}

func documentFunctions() string {
	var b strings.Builder
	family := ""
	for s := range syntax.Functions() {
		if s.Family != family {
			family = s.Family
			fmt.Fprintf(&b, "\n### %s%s\n", strings.ToUpper(family[:1]), family[1:])
		}
		fmt.Fprintf(&b, "\n**`%s`**", s.Usage())
		if kinds := argumentKinds(s); kinds != "" {
			fmt.Fprintf(&b, " — m is a %s", kinds)
		}
		fmt.Fprintf(&b, "\n\n%s\n\n", s.What)
		fmt.Fprintf(&b, "| formula | unit | no data | one sample | counter reset | late sample |\n|---|---|---|---|---|---|\n")
		cells := []string{s.Formula, s.Unit, s.NoData, s.OneSample, s.Reset, s.Late}
		for i := range cells {
			cells[i] = strings.ReplaceAll(cells[i], "|", "\\|")
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	return b.String() + "\n"
}

func argumentKinds(s *syntax.Signature) string {
	for _, arg := range s.Args {
		if arg.Metrics != 0 {
			return arg.Metrics.String()
		}
	}
	return ""
}

func documentCatalogues(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("\n| catalogue | metrics |\n|---|---|\n")
	for name := range catalog.Names() {
		file, ok := catalog.Lookup(name)
		if !ok {
			t.Fatalf("%s is named and not there", name)
		}
		var metrics []string
		for _, d := range file.Declarations {
			metrics = append(metrics, "`"+d.(*syntax.Metric).Name.Text+"`")
		}
		slices.Sort(metrics)
		fmt.Fprintf(&b, "| [`%s`](../rules/catalog/data/%s.rules) | %s |\n", name, name, strings.Join(metrics, " "))
	}
	return b.String() + "\n"
}

// TestExampleRules loads every rule file in examples/ on its own.
func TestExampleRules(t *testing.T) {
	names, err := filepath.Glob("../../examples/*.rules")
	if err != nil || len(names) == 0 {
		t.Fatalf("no example was found: %v", err)
	}
	for _, name := range names {
		set, err := Read([]string{name}, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, errs := set.Compile(rules.CompileOptions{}); len(errs) > 0 {
			t.Error(errs)
		}
		runTests(t, set)
		for _, source := range set {
			file, _ := syntax.Parse(source.Name, source.Text)
			if canonical := syntax.Format(file); canonical != source.Text {
				t.Errorf("%s is not canonical; it should be\n%s", source.Name, canonical)
			}
		}
	}
}
