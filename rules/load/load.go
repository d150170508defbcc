// Package load brings rules from disk: files that match patterns, what they import, and a file of
// thresholds. It has no opinion on when; the server loads on start and on change, the command line
// to check.
package load

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/neuroweaver/heddle/rules"
	"github.com/neuroweaver/heddle/rules/syntax"
	"github.com/neuroweaver/heddle/rules/thresholds"
)

// Source is one file as it was read.
type Source struct {
	Name string `json:"name"`
	Text string `json:"source"`
	// Thresholds is set for a file of thresholds; the others are rule files.
	Thresholds bool `json:"thresholds,omitempty"`
}

// Set is all that one load has read: it can be kept, and compiled again without the disk.
type Set []Source

// maxFiles and maxFileBytes bound one load before anything is parsed; the parser has its own, lower
// bound on the size of a file.
const (
	maxFiles     = 1000
	maxFileBytes = 4 << 20
)

// Read reads the files that match the patterns (as of filepath.Glob), each once and in the order of
// their names, with all that they import, and the file of thresholds unless its name is empty. A
// pattern without wildcards must match. The error is about reading only: mistakes in the files are
// for Compile to report.
func Read(patterns []string, thresholdsFile string) (Set, error) {
	names, err := expand(patterns)
	if err != nil {
		return nil, err
	}
	var set Set
	syntax.Load(names, func(name string) ([]byte, error) {
		text, err := readFile(name)
		if err == nil {
			set = append(set, Source{Name: name, Text: string(text)})
		}
		return text, err
	})
	// Files that a pattern named must be readable; an import that is not is a mistake in a file.
	for _, name := range names {
		if !slices.ContainsFunc(set, func(s Source) bool { return s.Name == filepath.ToSlash(filepath.Clean(name)) }) {
			if _, err := readFile(name); err != nil {
				return nil, err
			}
		}
	}
	if thresholdsFile != "" {
		text, err := readFile(thresholdsFile)
		if err != nil {
			return nil, err
		}
		set = append(set, Source{Name: thresholdsFile, Text: string(text), Thresholds: true})
	}
	return set, nil
}

func expand(patterns []string) ([]string, error) {
	var names []string
	for _, pattern := range patterns {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", pattern, err)
		}
		if len(matches) == 0 && !strings.ContainsAny(pattern, "*?[") {
			return nil, fmt.Errorf("%s: %w", pattern, fs.ErrNotExist)
		}
		names = append(names, matches...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > maxFiles {
		return nil, fmt.Errorf("%d files match, the limit is %d", len(names), maxFiles)
	}
	return names, nil
}

func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a directory; name its files: %s", name, filepath.Join(name, "*.rules"))
	}
	if info.Size() > maxFileBytes {
		return nil, fmt.Errorf("%s has %d bytes, the limit is %d", name, info.Size(), maxFileBytes)
	}
	return os.ReadFile(name)
}

// Names returns the names of the files.
func (s Set) Names() []string {
	names := make([]string, len(s))
	for i, source := range s {
		names[i] = source.Name
	}
	return names
}

// Parse reads the files as rules; each comes after those that it imports. Mistakes in names and types
// are not looked for.
func (s Set) Parse() ([]*syntax.File, syntax.Errors) {
	var names []string
	for _, source := range s {
		if !source.Thresholds {
			names = append(names, source.Name)
		}
	}
	files, errs := syntax.Load(names, func(name string) ([]byte, error) {
		for _, source := range s {
			if source.Name == name && !source.Thresholds {
				return []byte(source.Text), nil
			}
		}
		_, err := readFile(name)
		return nil, reason(err)
	})
	for _, source := range s {
		if source.Thresholds {
			file, more := parseThresholds(source, files)
			errs = append(errs, more...)
			if file != nil {
				files = append(files, file)
			}
		}
	}
	return files, errs
}

// reason is why a file that is not in a set cannot be read, without the name that the error will
// be put behind.
func reason(err error) error {
	var on *fs.PathError
	switch {
	case errors.As(err, &on):
		return on.Err
	case err == nil:
		return errors.New("it was not there when the rules were read")
	}
	return err
}

// parseThresholds reads a file of thresholds as the rules that it stands for; its critical rules
// switch the routes that the other files declare.
func parseThresholds(source Source, files []*syntax.File) (*syntax.File, syntax.Errors) {
	var routes []string
	for _, f := range files {
		for _, d := range f.Declarations {
			if route, ok := d.(*syntax.Route); ok && route.Name.Text != "" {
				routes = append(routes, route.Name.Text)
			}
		}
	}
	text, errs := thresholds.Rules(source.Name, source.Text, routes)
	if len(errs) > 0 {
		return nil, errs
	}
	return syntax.Parse(source.Name+" (as rules)", text)
}

// Compile turns the files into a program, or reports all that is wrong with them.
func (s Set) Compile(o rules.CompileOptions) (*rules.Program, syntax.Errors) {
	files, errs := s.Parse()
	program, more := rules.Compile(files, o)
	if all := syntax.Join(errs, more); len(all) > 0 {
		return nil, all
	}
	return program, nil
}
