package syntax

import (
	"slices"
	"strings"
)

// allows reports whether a comment on an item silences a warning.
func allows(i item, name string) bool {
	trivia := i.trivia()
	comments := append(slices.Clone(trivia.Leading), trivia.Trailing)
	if b, ok := i.(interface{ block() *Block }); ok {
		comments = append(comments, b.block().Opening)
	}
	return slices.ContainsFunc(comments, func(comment string) bool { return slices.Contains(allowed(comment), name) })
}

// allowed gives the names in a comment such as "# allow never-true, unused-name".
func allowed(comment string) (names []string) {
	words := strings.FieldsFunc(strings.TrimLeft(comment, "# "), func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
	if len(words) < 2 || words[0] != "allow" && words[0] != "allow:" {
		return nil
	}
	return words[1:]
}

// allowances warns of comments that mean to silence a warning that there is not. Other comments may begin
// with the same word; their words do not look like names of warnings.
func (l *linter) allowances() {
	if !strings.Contains(l.file.Source, "allow") {
		return
	}
	for _, token := range Tokens(l.file.Source) {
		if token.Kind != CommentToken {
			continue
		}
		for _, name := range allowed(token.Text) {
			hint := DidYouMean(name, slices.Values(warningNames))
			if slices.Contains(warningNames, name) || hint == "" && !strings.Contains(name, "-") {
				continue
			}
			if hint == "" {
				hint = "one of: " + strings.Join(warningNames, ", ")
			}
			at := token.Span
			at.Start.Column += uint32(len([]rune(token.Text[:strings.Index(token.Text, name)])))
			at.End.Column = at.Start.Column + uint32(len([]rune(name)))
			l.warn(unknownWarning, at, nil, hint, "%q is not a warning", name)
		}
	}
}
