package lsp

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/neuroweaver/heddle/rules/syntax"
)

func TestDiagnosticsStandAtUTF16Positions(t *testing.T) {
	e := start(t, Options{})
	// Before the mistake stand a character of two code units, one of two bytes, and a combining one.
	e.open(chat, "metric q = gauge \"q\"\nrule slow on model {\n  when q > 1\n  summary \"😀 é {p95(latncy, 1m)} ü\"\n}\n")
	list := e.diagnostics(chat, 1)
	index := slices.IndexFunc(list, func(d diagnostic) bool { return strings.Contains(d.Message, `"latncy" is not a metric`) })
	if index < 0 {
		t.Fatalf("the mistake is not told: %+v", list)
	}
	want := span{position{3, uint32(len("  summary \"") + 2 + len(" e {p95("))}, position{3, uint32(len("  summary \"") + 2 + len(" e {p95(latncy"))}}
	if list[index].Range != want || list[index].Severity != severityError {
		t.Errorf("it stands at %+v, want %+v", list[index], want)
	}
}

const cleanRules = `metric latency = histogram "llm_latency_seconds"
metric requests = counter "llm_requests_total"

route chat {
  models "a", "b"
  apply file
}

let slowness = p95(latency, 1m)

rule slow on model {
  when     slowness > 2s
  require  increase(requests, 1m) >= 30
  switch   chat
}
`

func TestEditsAreFollowed(t *testing.T) {
	e := start(t, Options{})
	e.open(chat, cleanRules)
	if list := e.diagnostics(chat, 1); len(list) != 0 {
		t.Fatalf("a clean file has diagnostics: %+v", list)
	}
	line := uint32(strings.Count(cleanRules[:strings.Index(cleanRules, "slowness > 2s")], "\n"))
	edit := func(from, to uint32, text string) contentChange {
		return contentChange{&span{position{line, from}, position{line, to}}, text}
	}
	// The second edit counts on what the first has left.
	e.tell("textDocument/didChange", didChangeParams{versionedDocumentID{chat, 2}, []contentChange{
		edit(11, 11, "😀"), edit(13, 21, "slownes"), edit(11, 13, ""),
	}})
	list := e.diagnostics(chat, 2)
	if len(list) != 1 || !strings.Contains(list[0].Message, `did you mean "slowness"?`) || list[0].Range.Start != (position{line, 11}) {
		t.Fatalf("after a slip: %+v", list)
	}
	e.tell("textDocument/didChange", didChangeParams{versionedDocumentID{chat, 3}, []contentChange{{nil, cleanRules + "let spare = 1\n"}}})
	list = e.diagnostics(chat, 3)
	if len(list) != 1 || list[0].Code != "unused-name" || list[0].Severity != severityWarning || !slices.Equal(list[0].Tags, []int{tagUnnecessary}) {
		t.Fatalf("an unused name: %+v", list)
	}
	e.tell("textDocument/didClose", documentParams{documentID{chat}})
	for p, ok := e.published[chat]; !ok; p, ok = e.published[chat] {
		if e.next(); len(p.Diagnostics) > 0 {
			t.Errorf("a closed file keeps diagnostics: %+v", p)
		}
	}
}

func TestImportsComeFromOpenFilesThenDisk(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return uriOf(filepath.ToSlash(path))
	}
	base := write("base.rules", "metric load = gauge \"load\"\n")
	const root = "import \"base.rules\"\nrule busy on model { when avg(load, 1m) > 5 }\n"
	busy := write("busy.rules", root)

	e := start(t, Options{})
	e.open(busy, root)
	if list := e.diagnostics(busy, 1); len(list) != 0 {
		t.Fatalf("with the import on disk: %+v", list)
	}
	// The editor's text stands before that on disk, and its change is seen by who imports it.
	e.open(base, "metric lode = gauge \"load\"\n")
	if list := e.diagnostics(busy, 1); len(list) != 1 || !strings.Contains(list[0].Message, `"load" is not a metric`) {
		t.Fatalf("with another text in the editor: %+v", list)
	}
	e.tell("textDocument/didChange", didChangeParams{versionedDocumentID{base, 2}, []contentChange{{nil, "metric load = gauge \"load\"\n"}}})
	if list := e.diagnostics(base, 2); len(list) != 0 {
		t.Errorf("a name that an importing file asks for is not unused: %+v", list)
	}
	if list := e.diagnostics(busy, 1); len(list) != 0 {
		t.Errorf("with the change in the editor: %+v", list)
	}
	// A mistake in a file that is not open is told where it is imported.
	write("base.rules", "metric load gauge\n")
	e.tell("textDocument/didClose", documentParams{documentID{base}})
	if list := e.diagnostics(busy, 1); len(list) == 0 || list[0].Range.Start != (position{0, 7}) || !strings.Contains(list[0].Message, "base.rules:1:") {
		t.Errorf("with a mistake on disk: %+v", list)
	}
}

func TestPatternsMakeOneLoad(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.rules": "metric load = gauge \"load\"\n", "b.rules": "rule busy on model { when avg(load, 1m) > 5 }\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	uri := uriOf(filepath.ToSlash(filepath.Join(dir, "b.rules")))
	for _, c := range []struct {
		patterns []string
		mistakes int
	}{{nil, 1}, {[]string{filepath.Join(dir, "*.rules")}, 0}} {
		e := start(t, Options{Patterns: c.patterns})
		e.open(uri, "rule busy on model { when avg(load, 1m) > 5 }\n")
		if list := e.diagnostics(uri, 1); len(list) != c.mistakes {
			t.Errorf("with patterns %v: %+v", c.patterns, list)
		}
	}
}

func TestFormatting(t *testing.T) {
	canonical := func(source string) string {
		file, errs := syntax.Parse("x", source)
		if errs != nil {
			t.Fatal(errs)
		}
		return syntax.Format(file)
	}
	for i, source := range []string{
		cleanRules,
		canonical(cleanRules),
		"",
		"metric   q = gauge \"q\"",
		"# 😀\r\nmetric q = gauge \"é😀\" # ü\r\nlet   x = avg(q, 1m)\r\n",
		"\ufeffmetric q = gauge \"q\"\n\n\n\nlet x=avg(q,1m)\n\n\n",
		"rule a on m {when 1 > 2}\nrule b on m {\n  when     1 > 2\n}\n",
	} {
		e := start(t, Options{})
		e.open(chat, source)
		var edits []textEdit
		e.ask("textDocument/formatting", documentParams{documentID{chat}}, &edits)
		got := newText(source)
		for _, edit := range edits {
			got = got.apply(contentChange{&edit.Range, edit.NewText})
		}
		if want := canonical(source); got.content != want {
			t.Errorf("%d: formatted to %q, want %q", i, got.content, want)
		}
		if source == canonical(source) && len(edits) != 0 {
			t.Errorf("%d: a canonical file is edited: %+v", i, edits)
		}
	}
	e := start(t, Options{})
	e.open(chat, "metric q == gauge\n")
	var edits []textEdit
	if e.ask("textDocument/formatting", documentParams{documentID{chat}}, &edits); len(edits) != 0 {
		t.Errorf("a file with mistakes is edited: %+v", edits)
	}
}

func TestDefinition(t *testing.T) {
	rules := "use \"vllm\"\n# 😀\nlet late = p95(ttft, 1m)\nroute chat { models \"a\", \"b\" apply file }\nrule slow on model {\n  when late > 2s and avg(queue, 1m) > 1\n  switch chat\n}\n" +
		"rule other on model {\n  when firing(slow) and serving(chat)\n  because slow\n}\n"
	for _, c := range []struct{ word, want string }{
		{"‸late > 2s", "late = "}, {"lat‸e > 2s", "late = "}, {"switch ‸chat", "chat { models"}, {"firing(‸slow", "slow on model"},
		{"serving(‸chat", "chat { models"}, {"because slow‸", "slow on model"}, {"avg(‸queue", `"vllm"`},
	} {
		word := strings.Replace(c.word, "‸", "", 1)
		source, place := marked(t, strings.Replace(rules, word, c.word, 1))
		e := start(t, Options{})
		e.open(chat, source)
		var found location
		e.ask("textDocument/definition", at(chat, place), &found)
		text := newText(source)
		if got := text.content[text.offset(found.Range.Start):]; found.URI != chat || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s is found at %.30q of %s, want %q", c.word, got, found.URI, c.want)
		}
	}
}

func TestDocumentSymbols(t *testing.T) {
	e := start(t, Options{})
	e.open(chat, cleanRules)
	var list []documentSymbol
	e.ask("textDocument/documentSymbol", documentParams{documentID{chat}}, &list)
	var got []string
	for _, s := range list {
		got = append(got, fmt.Sprint(s.Detail, " ", s.Name, " ", len(s.Children)))
		if s.SelectionRange.Start.Line < s.Range.Start.Line || s.SelectionRange.End.Line > s.Range.End.Line {
			t.Errorf("the name of %s lies outside of it: %+v", s.Name, s)
		}
	}
	want := []string{"metric histogram latency 0", "metric counter requests 0", "route chat 2", "let slowness 0", "rule slow 3"}
	if !slices.Equal(got, want) {
		t.Errorf("the symbols are %q, want %q", got, want)
	}
}
