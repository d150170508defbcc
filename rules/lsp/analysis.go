package lsp

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/neuroweaver/heddle/rules"
	"github.com/neuroweaver/heddle/rules/catalog"
	"github.com/neuroweaver/heddle/rules/syntax"
)

// analysis is what is known of one document in the load that it is part of. It never changes.
type analysis struct {
	document *document
	// file is the document as the parser read it.
	file *syntax.File
	// files are all files of the load, the catalogues first, each after those that it imports.
	files []*syntax.File
	names names
	// errors and warnings are those of the load; of other files too.
	errors   syntax.Errors
	warnings []syntax.Warning
	// read are the paths of the files that were looked for, so that a change of one is seen.
	read map[string]bool
}

// analyze looks at a document with all that it imports; open files stand before those on disk. A
// document that matches the patterns is looked at in one load with all files that do.
func analyze(d *document, open documents, patterns []string) *analysis {
	a := &analysis{document: d, read: map[string]bool{}}
	roots := []string{d.path}
	if together := matching(patterns); slices.Contains(together, d.path) {
		roots = together
	}
	files, parseErrors := syntax.Load(roots, a.reader(open))
	a.file = fileNamed(files, d.path)
	_, compileErrors := rules.Compile(files, rules.CompileOptions{})
	a.errors = syntax.Join(parseErrors, compileErrors)
	a.warnings = a.lint(files, roots, open)
	a.files, _ = catalog.Expand(files)
	a.names = namesOf(a.files)
	return a
}

// matching gives the files on disk that match the patterns, in the order in which a server loads them.
func matching(patterns []string) []string {
	var names []string
	for _, pattern := range patterns {
		// A pattern of a wrong form matches nothing; whoever gave it has been told.
		matches, _ := filepath.Glob(pattern)
		for _, name := range matches {
			names = append(names, filepath.ToSlash(name))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// reader gives the text of files: as they are in the editor, else as they are on disk.
func (a *analysis) reader(open documents) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		a.read[name] = true
		if d, ok := open[name]; ok {
			return []byte(d.text.content), nil
		}
		return readFile(name)
	}
}

// lint gives the warnings of a load without mistakes. Of the names that it declares, those are used that
// an open file asks for which imports it.
func (a *analysis) lint(files []*syntax.File, roots []string, open documents) []syntax.Warning {
	if len(a.errors) > 0 {
		return nil
	}
	alone := len(roots)
	for _, name := range slices.Sorted(maps.Keys(open)) {
		if !slices.Contains(roots, name) && a.isImportedBy(name, open) {
			roots = append(roots, name)
			a.read[name] = true
		}
	}
	if len(roots) > alone {
		files, _ = syntax.Load(roots, a.reader(open))
	}
	return syntax.Lint(slices.DeleteFunc(files, func(f *syntax.File) bool { return !f.Whole() }))
}

// isImportedBy reports whether an open file imports the document, perhaps by way of others.
func (a *analysis) isImportedBy(name string, open documents) bool {
	found := false
	if !strings.Contains(open[name].text.content, "import") {
		return false
	}
	syntax.Load([]string{name}, func(imported string) ([]byte, error) {
		found = found || imported == a.document.path
		if d, ok := open[imported]; ok {
			return []byte(d.text.content), nil
		}
		return readFile(imported)
	})
	return found
}

func fileNamed(files []*syntax.File, name string) *syntax.File {
	for _, f := range files {
		if f.Name == name {
			return f
		}
	}
	return &syntax.File{Name: name}
}

// diagnostics are the mistakes and warnings of the document, in the order of their places. Mistakes of a
// file that it imports, and that is not open, are told where it is imported.
func (a *analysis) diagnostics(open documents) []diagnostic {
	list := []diagnostic{}
	if a.document.refused != "" {
		return append(list, diagnostic{Severity: severityError, Source: "heddle", Message: a.document.refused})
	}
	elsewhere := map[string]int{}
	for _, e := range a.errors {
		switch {
		case e.File == a.document.path:
			list = append(list, a.diagnostic(e, severityError, ""))
		case open[e.File] == nil:
			if at, ok := a.importOf(e.File); ok {
				if elsewhere[e.File]++; elsewhere[e.File] == 1 {
					list = append(list, a.diagnostic(syntax.Error{Span: at, Message: "a mistake in what this imports: " + e.Error()}, severityError, ""))
				}
			}
		}
	}
	for _, w := range a.warnings {
		if w.File == a.document.path {
			list = append(list, a.diagnostic(w.Error, severityWarning, w.Name))
		}
	}
	slices.SortStableFunc(list, func(a, b diagnostic) int {
		return cmp.Or(cmp.Compare(a.Range.Start.Line, b.Range.Start.Line), cmp.Compare(a.Range.Start.Character, b.Range.Start.Character))
	})
	return list
}

// unusedName is the warning of what nothing asks for.
const unusedName = "unused-name"

func (a *analysis) diagnostic(e syntax.Error, severity int, name string) diagnostic {
	message := e.Message
	if e.Hint != "" {
		message += "\n" + e.Hint
	}
	d := diagnostic{Range: a.document.text.span(e.Span), Severity: severity, Code: name, Source: "heddle", Message: message}
	if name == unusedName {
		d.Tags = []int{tagUnnecessary}
	}
	if name != "" {
		d.Message += fmt.Sprintf("\nsilence it with the comment: # allow %s", name)
	}
	return d
}

// importOf finds the import of the document by which a file came into the load.
func (a *analysis) importOf(name string) (at syntax.Span, ok bool) {
	for _, d := range a.file.Declarations {
		if use, isImport := d.(*syntax.Import); isImport && a.leadsTo(importPath(a.file, use), name, map[string]bool{}) {
			return use.Path.Span, true
		}
	}
	return at, false
}

// leadsTo reports whether a file is, or imports, another.
func (a *analysis) leadsTo(from, to string, seen map[string]bool) bool {
	if from == to {
		return true
	}
	if seen[from] {
		return false
	}
	seen[from] = true
	file := fileNamed(a.files, from)
	return slices.ContainsFunc(file.Declarations, func(d syntax.Declaration) bool {
		use, ok := d.(*syntax.Import)
		return ok && a.leadsTo(importPath(file, use), to, seen)
	})
}
