package lsp

import (
	"path"
	"strings"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// names are the declarations of a load by what they declare.
type names struct {
	// values holds metrics and lets: they share the expressions.
	values, rules, routes map[string]declared
}

// declared is a declaration, its file, and where its name stands.
type declared struct {
	file *syntax.File
	at   syntax.Span
	node syntax.Declaration
}

func namesOf(files []*syntax.File) names {
	n := names{map[string]declared{}, map[string]declared{}, map[string]declared{}}
	enter := func(table map[string]declared, f *syntax.File, name syntax.Name, d syntax.Declaration) {
		if _, taken := table[name.Text]; !taken && name.Text != "" {
			table[name.Text] = declared{f, name.Span, d}
		}
	}
	for _, f := range files {
		for _, d := range f.Declarations {
			switch d := d.(type) {
			case *syntax.Metric:
				enter(n.values, f, d.Name, d)
			case *syntax.Let:
				enter(n.values, f, d.Name, d)
			case *syntax.Rule:
				enter(n.rules, f, d.Name, d)
			case *syntax.Route:
				enter(n.routes, f, d.Name, d)
			}
		}
	}
	return n
}

// catalogueOf gives the name of the catalogue that a file of a load is; ok is false for a rule file.
func catalogueOf(f *syntax.File) (name string, ok bool) {
	return strings.CutPrefix(f.Name, "catalogue ")
}

// importPath is the path of the file that an import means.
func importPath(f *syntax.File, use *syntax.Import) string {
	if path.IsAbs(use.Path.Value) {
		return path.Clean(use.Path.Value)
	}
	return path.Join(path.Dir(f.Name), use.Path.Value)
}
