package syntax

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// sameTree compares trees by what they say, not by where it stands.
var sameTree = cmp.Options{
	cmpopts.IgnoreTypes(Span{}, Pos{}),
	cmpopts.IgnoreFields(File{}, "Source"),
	cmpopts.IgnoreUnexported(Trivia{}, File{}, Template{}),
	cmpopts.EquateEmpty(),
}

func TestFormatExample(t *testing.T) {
	f, errs := Parse("chat.rules", languageExample)
	if errs != nil {
		t.Fatal(errs)
	}
	if diff := cmp.Diff(languageExample, Format(f)); diff != "" {
		t.Error(diff)
	}
}

func FuzzFormat(f *testing.F) {
	for _, source := range seeds {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		checkRoundTrip(t, source)
	})
}

// checkRoundTrip prints what was read and reads it again: it must say the same, and print the same.
func checkRoundTrip(t *testing.T, source string) {
	t.Helper()
	first, errs := Parse("x.rules", source)
	if errs != nil {
		return
	}
	printed := Format(first)
	second, errs := Parse("x.rules", printed)
	if errs != nil {
		t.Fatalf("what was printed is not read:\n%v\nprinted:\n%s\nsource:\n%s", errs, printed, source)
	}
	if diff := cmp.Diff(first, second, sameTree); diff != "" {
		t.Fatalf("printing changed the tree:\n%s\nprinted:\n%s\nsource:\n%s", diff, printed, source)
	}
	if again := Format(second); again != printed {
		t.Fatalf("formatting twice differs:\n%s", cmp.Diff(printed, again))
	}
}

func TestRoundTrip(t *testing.T) {
	for _, source := range seeds {
		if _, errs := Parse("seed.rules", source); errs != nil {
			t.Errorf("%v\nin\n%s", errs, source)
		}
		checkRoundTrip(t, source)
	}
}
