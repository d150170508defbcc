package syntax

import (
	"fmt"
	"strings"
	"testing"
)

// TestLineEndsAndTabs: files from other systems and editors are read, and errors still point at the
// right character.
func TestLineEndsAndTabs(t *testing.T) {
	windows := strings.ReplaceAll(languageExample, "\n", "\r\n")
	file, errs := Parse("chat.rules", "\ufeff"+windows)
	if errs != nil {
		t.Fatal(errs)
	}
	if Format(file) != languageExample {
		t.Errorf("line ends of Windows change the form:\n%s", Format(file))
	}

	_, errs = Parse("x.rules", "rule a on model {\r\n\twhen\tcount(q, 1m) > > 2 # ü\r\n}\r\n")
	want := "x.rules:2:22: a value must stand here, not \">\"\n" +
		"    2 | \twhen\tcount(q, 1m) > > 2 # ü\n" +
		"      | \t    \t               ^ such as a number, a name, or a function with its arguments"
	if len(errs) != 1 || errs[0].Error() != want {
		t.Errorf("got\n%v\nwant\n%s", errs, want)
	}
}

// TestLongLines: an error on a line of any length shows what is around it.
func TestLongLines(t *testing.T) {
	long := "let a = " + strings.Repeat("1 + ", 200) + "oops( * " + strings.Repeat("1 + ", 200) + "1\n"
	_, errs := Parse("x.rules", long)
	if len(errs) != 2 {
		t.Fatal(errs)
	}
	lines := strings.Split(errs[1].Error(), "\n")
	if len(lines) != 3 || len(lines[1]) > maxExcerptWidth+20 {
		t.Fatalf("%d lines:\n%v", len(lines), errs)
	}
	if caret := strings.IndexByte(lines[2], '^'); lines[1][caret] != '*' || !strings.HasSuffix(lines[1][:caret], "oops( ") {
		t.Errorf("the caret points elsewhere:\n%v", errs)
	}
}

// TestLongConditions: a condition that is too long for a line has a line for each of its parts.
func TestLongConditions(t *testing.T) {
	part := "p95(latency_of_the_first_token, 1m) > 2s"
	file, errs := Parse("x.rules", "rule a on model {\n  when "+part+" and "+part+" and ("+part+" or "+part+")\n  for 5s\n}\n")
	if errs != nil {
		t.Fatal(errs)
	}
	want := "rule a on model {\n  when     " + part + "\n           and " + part + "\n           and (" + part + " or " + part + ")\n  for      5s\n}\n"
	if got := Format(file); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	checkRoundTrip(t, want)
}

// TestEveryCommentIsKept: wherever a comment stands it is in the canonical form, once.
func TestEveryCommentIsKept(t *testing.T) {
	source := `# top

# second top


use "heddle" # behind use
# before metric
metric q = gauge "q" or # c1
  # c2
  "r" # c3

rule a on model, # c4
  # c5
  region # c6
  # c7
{ # c8
  # c9
  when avg(q, 1m) > 5 # c10
    # c11
    and avg(q, 5m) > 3 # c12
    # c13
    or ( # c14
      avg(q, 9m) > 1 # c15
    ) # c16
  # c17

  # c18
  for 5s # c19
  # c20

  # c21
} # c22
# c23

let x = avg(q, 1m) # c24
  # c25
  + 1
test "t" { # c26
  # c27
  q{ # c28
    model="a" # c29
  } is 5 for 5m, # c30
    # c31
    6 # c32
  # c33
  at 5m rule a is firing # c34
  # c35
}
# c36

# end
`
	checkRoundTrip(t, source)
	file, errs := Parse("x.rules", source)
	if errs != nil {
		t.Fatal(errs)
	}
	formatted := Format(file)
	for i := 1; i <= 36; i++ {
		if comment := fmt.Sprintf("# c%d\n", i); strings.Count(formatted, comment) != 1 {
			t.Errorf("%q is there %d times in\n%s", comment, strings.Count(formatted, comment), formatted)
		}
	}
	windows, errs := Parse("x.rules", strings.ReplaceAll(source, "\n", "\r\n"))
	if errs != nil || Format(windows) != formatted {
		t.Errorf("line ends of Windows change the form: %v\n%s", errs, Format(windows))
	}
}
