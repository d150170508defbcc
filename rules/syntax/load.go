package syntax

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// maxFiles bounds one load; a directory with more rule files is a mistake in a pattern.
const maxFiles = 1_000

// Load reads rule files and all that they import, each once however often it is named, and returns
// them in an order in which each comes after its imports. The errors are those of Parse and of the
// imports; hand the files to Check for the rest.
//
// read returns the text of a file; paths in an import are relative to the file that imports.
func Load(paths []string, read func(path string) ([]byte, error)) ([]*File, Errors) {
	l := &loader{read: read, state: map[string]loadState{}}
	for _, p := range paths {
		p = path.Clean(p)
		if l.state[p] != notLoaded {
			continue
		}
		if err := l.load(p); err != nil {
			l.errors = append(l.errors, Error{File: p, Message: err.Error()})
		}
	}
	return l.files, l.errors
}

type loadState uint8

const (
	notLoaded loadState = iota
	loading
	loaded
)

type loader struct {
	read  func(path string) ([]byte, error)
	state map[string]loadState
	// chain is the files that are being loaded, each imported by the one before.
	chain  []string
	files  []*File
	errors Errors
}

func (l *loader) load(p string) error {
	if len(l.state) >= maxFiles {
		return fmt.Errorf("more than %d files in one load", maxFiles)
	}
	source, err := l.read(p)
	if err != nil {
		l.state[p] = loaded
		return fmt.Errorf("cannot be read: %w", err)
	}
	l.state[p] = loading
	l.chain = append(l.chain, p)
	file, errs := Parse(p, string(source))
	l.errors = append(l.errors, errs...)
	for _, d := range file.Declarations {
		if use, ok := d.(*Import); ok && !use.broken && use.Path.Value != "" {
			// Of a path that is not written as one Parse has told; the file is wanted all the same.
			isTold := slices.ContainsFunc(errs, func(e Error) bool { return e.Start == use.Path.Start })
			if e := l.follow(file, use); e != nil && !isTold {
				l.errors = append(l.errors, *e)
			}
		}
	}
	l.chain = l.chain[:len(l.chain)-1]
	l.state[p] = loaded
	l.files = append(l.files, file)
	return nil
}

// follow loads what a file imports, and returns what is wrong with the import itself.
func (l *loader) follow(file *File, use *Import) *Error {
	target := use.Path.Value
	if !path.IsAbs(target) {
		target = path.Join(path.Dir(file.Name), target)
	}
	target = path.Clean(target)
	switch l.state[target] {
	case loading:
		cycle := append(slices.Clone(l.chain[slices.Index(l.chain, target):]), target)
		e := file.Error(use.Path.Span, "this import comes back to itself", strings.Join(cycle, " → "))
		return &e
	case notLoaded:
		if err := l.load(target); err != nil {
			e := file.Error(use.Path.Span, fmt.Sprintf("%q %s", target, err), "")
			return &e
		}
	}
	return nil
}
