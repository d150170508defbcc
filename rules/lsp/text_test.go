package lsp

import (
	"context"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// plainPosition counts lines and code units in the simplest way, as the oracle of text.position.
func plainPosition(content string, offset int) position {
	var p position
	start := 0
	for i := 0; i < offset; i++ {
		if content[i] == '\n' || content[i] == '\r' && (i+1 == len(content) || content[i+1] != '\n') {
			p.Line++
			start = i + 1
		}
	}
	p.Character = uint32(len(utf16.Encode([]rune(content[start:offset]))))
	return p
}

func FuzzPositions(f *testing.F) {
	for _, seed := range []string{"", "a", "é\n😀b\r\nc\rd", "\ufeffuse \"vllm\"\n", "\xff\n\r\n\r", cleanRules} {
		f.Add(seed, uint32(1), uint32(3), "x😀\n")
	}
	f.Fuzz(func(t *testing.T, source string, line, character uint32, inserted string) {
		made := newText(source)
		content := made.content
		mark := strings.HasPrefix(content, byteOrderMark)
		for offset := range content + "x" {
			p := plainPosition(content, offset)
			if got := made.position(offset); got != p {
				t.Fatalf("%q: offset %d is at %+v, want %+v", content, offset, got, p)
			}
			if between := offset > 0 && offset < len(content) && content[offset-1:offset+1] == "\r\n"; between {
				continue // no place of its own
			}
			if got := made.offset(p); got != offset {
				t.Fatalf("%q: %+v is offset %d, want %d", content, p, got, offset)
			}
			if mark && offset < len(byteOrderMark) {
				continue
			}
			if got := made.ruleOffset(made.rulePos(offset)); got != offset {
				t.Fatalf("%q: the parser's place of %d is %d", content, offset, got)
			}
		}
		// Any place there may be is taken to one between two characters, and an edit there is followed.
		at := position{line, character}
		offset := made.offset(at)
		if offset < 0 || offset > len(content) || offset < len(content) && !utf8.RuneStart(content[offset]) {
			t.Fatalf("%q: %+v is offset %d", content, at, offset)
		}
		edited := made.apply(contentChange{&span{at, at}, inserted}).content
		if want := content[:offset] + strings.ToValidUTF8(inserted, "\ufffd") + content[offset:]; edited != want {
			t.Fatalf("%q is edited to %q, want %q", content, edited, want)
		}
		// The parser's words lie where it says: each token's text is found at its place.
		if !mark && len(content) < 10_000 {
			for _, token := range syntax.Tokens(content) {
				if got := made.slice(token.Span); !strings.HasPrefix(got, token.Text) {
					t.Fatalf("%q: the word %q is found as %q", content, token.Text, got)
				}
			}
		}
		// What an editor asks at any place ends without a panic.
		ask(made, at)
	})
}

// ask puts every question that needs no server.
func ask(t *text, at position) {
	d := &document{uri: chat, path: pathOf(chat), text: t}
	open := documents{d.path: d}
	a := analyze(d, open, nil)
	a.diagnostics(open)
	a.outline()
	a.definition(at, open)
	format(d)
	s := NewServer(Options{})
	s.hover(context.Background(), a, at)
	s.complete(context.Background(), a, at)
}

func TestPathsOfURIs(t *testing.T) {
	for uri, want := range map[string]string{
		"file:///rules/chat.rules": "/rules/chat.rules", "file:///a%20b/%C3%A9.rules": "/a b/é.rules",
		"file:///c%3A/rules/x.rules": "c:/rules/x.rules", "untitled:Untitled-1": "untitled:Untitled-1", "file:///a/../b.rules": "/b.rules",
	} {
		if got := pathOf(uri); got != want {
			t.Errorf("%s is %s, want %s", uri, got, want)
		}
		if got := pathOf(uriOf(want)); strings.HasPrefix(uri, "file:") && got != want {
			t.Errorf("%s comes back as %s", want, got)
		}
	}
}
