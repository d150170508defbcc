package promimport

import (
	"regexp"
	"slices"
	"strings"

	"github.com/neuroweaver/heddle/rules/syntax"
)

var (
	actionPattern = regexp.MustCompile(`\{\{-?\s*(.*?)\s*-?\}\}`)
	labelPattern  = regexp.MustCompile(`^\$labels\.([a-zA-Z_][a-zA-Z0-9_]*)$|^\.Labels\.([a-zA-Z_][a-zA-Z0-9_]*)$|^index\s+(?:\$labels|\.Labels)\s+"([^"\\]*)"$`)
	valuePattern  = regexp.MustCompile(`^(?:\$value|\.Value)(?:\s*\|\s*(?:humanize\w*|printf\s+"[^"]*"))?$|^printf\s+"[^"]*"\s+\$value$|^humanize\w*\s+\$value$`)
	escaper       = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "{", "{{", "}", "}}")
)

// template writes a Go template of Prometheus as a text of the language: labels of the instance and
// the value are kept, anything else is noted and stands as it was.
func (w *writer) template(r rule, text string, c *converter) string {
	var b strings.Builder
	b.WriteByte('"')
	rest := text
	for {
		at := actionPattern.FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		b.WriteString(escaper.Replace(rest[:at[0]]))
		action := rest[at[2]:at[3]]
		parts := labelPattern.FindStringSubmatch(action)
		label := ""
		if parts != nil {
			label = parts[1] + parts[2] + parts[3]
		}
		switch {
		case parts != nil && slices.Contains(c.labels(), label):
			b.WriteString("{" + syntax.FormatLabelInText(label) + "}")
		case parts != nil:
			w.note(r.Alert, true, "a text names the label %q, which the rule does not have", label)
			b.WriteString(escaper.Replace(label))
		case valuePattern.MatchString(action) && c.value != "":
			b.WriteString("{" + c.value + "}")
		default:
			w.note(r.Alert, true, "a text holds the template {{ %s }}, which stands as it was", action)
			b.WriteString(escaper.Replace("(" + action + ")"))
		}
		rest = rest[at[1]:]
	}
	b.WriteString(escaper.Replace(rest))
	b.WriteByte('"')
	return b.String()
}
