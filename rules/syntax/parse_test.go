package syntax

import (
	"bytes"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
)

func TestNumbers(t *testing.T) {
	check := func(text string, value float64, unit Unit, nanos int64) {
		t.Helper()
		n, message, _ := parseNumber(text)
		if message != "" || n.Value != value || n.Unit != unit || n.Nanos != nanos {
			t.Errorf("%s: %+v %s", text, n, message)
		}
	}
	check("0", 0, None, 0)
	check("30", 30, None, 0)
	check("0.5", 0.5, None, 0)
	check("1e6", 1e6, None, 0)
	check("2.5e-3", 2.5e-3, None, 0)
	check("5%", 0.05, Percent, 0)
	check("99.9%", 0.999, Percent, 0)
	check("0.1%", 0.001, Percent, 0)
	check("2k", 2000, Count, 0)
	check("1.5M", 1.5e6, Count, 0)
	check("512MiB", 512<<20, Bytes, 0)
	check("2GB", 2e9, Bytes, 0)
	check("1kB", 1000, Bytes, 0)
	check("250ms", 0.25, Time, 250e6)
	check("0.4s", 0.4, Time, 400e6)
	check("0.000000001s", 1e-9, Time, 1)
	check("1h30m", 5400, Time, 5400e9)
	check("1d12h", 129600, Time, 129600e9)
	check("7d", 7*86400, Time, 7*86400e9)
	check("1y", 365*86400, Time, 365*86400e9)
	check("1y1w1d1h1m1s1ms", 365*86400+7*86400+86400+3600+60+1+0.001, Time, (365*86400+7*86400+86400+3600+60+1)*1e9+1e6)

	for _, text := range []string{"5x", "1m1h", "1h1h", "0.1ns", "0.0000000001s", "300y", "1e400", "1.5.5", "0x10", "1_0", "5e1%", strings.Repeat("1", 100), "1ms1s"} {
		if n, message, _ := parseNumber(text); message == "" {
			t.Errorf("%s is taken for %v", text, n.Value)
		}
	}
}

// tokenSoup makes a text of the language's own words from arbitrary bytes: it comes much deeper
// into the grammar than arbitrary text does.
func tokenSoup(data []byte) string {
	words := []string{
		"rule", "route", "test", "metric", "let", "use", "import", "alarms", "on", "model", "{", "}", "\n", "\n", "\n", "(", ")", ",",
		"when", "require", "for", "recover", "missing", "hold", "fire", "clear", "after", "severity", "critical", "summary", "label", "annotation",
		"dedup", "by", "because", "switch", "notify", "mode", "shadow", "models", "apply", "guard", "dwell", "max", "per", "return", "never", "probe", "of",
		"shift", "every", "prefer", "at", "is", "counts", "serves", "not", "alert", "sent", "nothing", "stale", "reset", "to", "and", "or",
		">", "<=", "==", "=", "=~", "+", "-", "*", "/", "%", "&&", "5%", "1m", "15s", "3", "2k", `"a"`, `"{model} {p95(latency, 1m)}"`, `"{{"`, `"`, "p95", "rate", "shifted", "up",
		"latency", "requests", "a", "# c\n", "# d\n\n", "gauge", "counter", "where", "s", "ago", ";", "]", `"x.y"`, "!=", `"{\"x.y\"}"`,
	}
	var b strings.Builder
	for _, c := range data {
		b.WriteString(words[int(c)%len(words)])
		b.WriteByte(' ')
	}
	return b.String()
}

// shapes are templates whose holes a fuzzer fills with token soup.
var shapes = []string{
	"%", "rule a on model {\n  %\n}\n", "rule a on model {\n  when %\n  for 5s # c\n}\n", "route r {\n  models \"a\"\n  %\n}\n", "test \"t\" {\n  every 5s\n  %\n}\n",
	"let a = %\n", "metric m = gauge %\n", "rule a on model {\n  summary \"x {%} y\"\n}\n", "test \"t\" {\n  q{model=\"a\"} is % # c\n}\n",
	"metric m = gauge \"q\" where %\n", "test \"t\" {\n  q{%} is 1\n}\n",
}

func FuzzTokens(f *testing.F) {
	for i := range shapes {
		f.Add(i, []byte{0, 92, 8, 9, 10, 12, 18, 88, 15, 92, 17, 77, 16, 66, 79, 12, 11})
		f.Add(i, []byte{92, 66, 79, 64, 92, 72, 79, 80})
	}
	f.Fuzz(func(t *testing.T, shape int, data []byte) {
		if len(data) > 300 {
			return
		}
		source := strings.Replace(shapes[uint(shape)%uint(len(shapes))], "%", tokenSoup(data), 1)
		file, errs := Parse("x.rules", source)
		checked := Join(errs, Check([]*File{file}))
		for _, e := range checked {
			if lines := strings.Count(source, "\n") + 1; int(e.Start.Line) > lines {
				t.Fatalf("line %d of %d: %s", e.Start.Line, lines, e.Message)
			}
			_ = e.Error()
		}
		checkRoundTrip(t, source)
	})
}

func FuzzParse(f *testing.F) {
	for _, source := range seeds {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		file, errs := Parse("x.rules", source)
		_ = Join(errs, Check([]*File{file})).Error()
	})
}

// TestBounds feeds what would make a careless reader slow or deep. What it allocates stands for the
// work it does: anything worse than linear in a quarter of a mebibyte is far above the bound. A short
// run, and one under the race detector, uses small texts and looks at the errors alone.
func TestBounds(t *testing.T) {
	size, measured := maxFileBytes/4, true
	if raceDetector || testing.Short() {
		size, measured = maxFileBytes/64, false
	}
	count := func(start, end string, unit func(i int) string) string {
		var b strings.Builder
		b.WriteString(start)
		for i := 0; b.Len() < size-100; i++ {
			b.WriteString(unit(i))
		}
		return b.String() + end
	}
	fill := func(start, unit string) string {
		return start + strings.Repeat(unit, (size-len(start))/len(unit))
	}
	for name, source := range map[string]string{
		"too large":        strings.Repeat("#", maxFileBytes+1),
		"parentheses":      fill("let a = ", "("),
		"not":              fill("let a = ", "not "),
		"minus":            fill("let a = ", "-"),
		"long sum":         fill("let a = 1", "+1"),
		"calls":            fill("let a = ", "f("),
		"braces":           fill("rule a on b ", "{"),
		"closing braces":   fill("", "}"),
		"blocks":           fill("", "rule a on b {\n"),
		"tests":            fill("test \"\" {\n", "a{b=\"\"} is 5\n"),
		"one line":         fill("rule a on b {", "when a > 1 "),
		"lists":            fill("route r { models ", "\"a\","),
		"bad characters":   fill("", "§"),
		"quotes":           fill("", "\""),
		"templates":        fill("rule a on b { summary \"", "{a}"),
		"comments":         fill("", "#\n"),
		"numbers":          fill("let a = ", "9"),
		"lets":             fill("", "let a = 1\n"),
		"unknown words":    fill("", "abc\n"),
		"long name":        fill("let ", "a"),
		"not UTF-8":        fill("let a = 1\n", "\xff"),
		"distinct models":  count("route r { models \"a\"", "\n}\n", func(i int) string { return fmt.Sprintf(",\"%d\"", i) }),
		"distinct labels":  count("rule r on a", " {\n}\n", func(i int) string { return fmt.Sprintf(",l%d", i) }),
		"chain of lets":    count("", "", func(i int) string { return fmt.Sprintf("let a%d = a%d\n", i, i+1) }),
		"circle of lets":   count("", "", func(i int) string { return fmt.Sprintf("let a%d = a%d + a%d + a%d\n", i, i+1, i/2, i/3) }),
		"unknown names":    count("", "", func(i int) string { return fmt.Sprintf("rule r%d on a { because x%d }\n", i, i) }),
		"comparison chain": fill("let a = 1", " > 1"),
		"open matchers":    fill("let a = ", "x { "),
		"open groups":      fill("let a = ", "x by ( "),
		"open ranges":      fill("let a = ", "rate(x[1m "),
		"bare functions":   fill("let a = ", "avg x "),
		"separators":       fill("let a = ", "1,000 "),
		"label pairs":      fill("metric a = gauge \"x\" where ", "a \"x\" "),
		"foreign comments": fill("", "/* x\n"),
		"conditions": count("let a = 1 + 1 + 1 + 1 + 1\nlet b = a + a + a + a + a\nlet c = b + b + b + b + b\n", "",
			func(i int) string { return fmt.Sprintf("rule r%d on a { when c > c }\n", i) }),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			file, errs := Parse("x.rules", source)
			all := Join(errs, Check([]*File{file}))
			text := all.Error()
			runtime.ReadMemStats(&after)
			if allocated := after.TotalAlloc - before.TotalAlloc; measured && allocated > 500<<20 {
				t.Errorf("%d MiB allocated", allocated>>20)
			}
			if len(all) > maxErrors+1 || len(text) > 300_000 {
				t.Errorf("%d errors in %d bytes", len(all), len(text))
			}
		})
	}
}

func TestErrorForm(t *testing.T) {
	file, _ := Parse("chat.rules", strings.Repeat("\n", 13)+"  when p95(latncy, 1m) > 2s")
	got := file.Error(Span{Pos{14, 12}, Pos{14, 18}}, `"latncy" is not a metric`, `did you mean "latency"?`).Error()
	want := `chat.rules:14:12: "latncy" is not a metric
   14 |   when p95(latncy, 1m) > 2s
      |            ^^^^^^ did you mean "latency"?`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestSuggest(t *testing.T) {
	check := func(word, want string) {
		t.Helper()
		if got := Suggest(word, words(heddle.clauses[ruleBlock])); got != want {
			t.Errorf("%s: %q", word, got)
		}
	}
	check("wehn", "when")
	check("serverity", "severity")
	check("Severity", "severity")
	check("frobnicate", "")
	check("", "")
	check(strings.Repeat("x", 1000), "")
}

func TestSpansOfExpressions(t *testing.T) {
	file, errs := Parse("x.rules", "let a = (p95(latency, 1m) > 2s) and not firing(b)\n")
	if errs != nil {
		t.Fatal(errs)
	}
	var spans bytes.Buffer
	Walk(file.Declarations[0].(*Let).Value, func(e Expr) bool {
		at := e.Range()
		spans.WriteString(file.Source[at.Start.Column-1:at.End.Column-1] + "|")
		return true
	})
	want := "(p95(latency, 1m) > 2s) and not firing(b)|(p95(latency, 1m) > 2s)|p95(latency, 1m) > 2s|p95(latency, 1m)|latency|1m|2s|not firing(b)|firing(b)|b|"
	if spans.String() != want {
		t.Errorf("got %s", spans.String())
	}
	if math.IsNaN(file.Declarations[0].(*Let).Value.(*Binary).X.(*Paren).X.(*Binary).Y.(*Number).Value) {
		t.Error("2s is not a number")
	}
}
