package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// FmtCmd gives rule files their canonical form.
type FmtCmd struct {
	Files []string `arg:"" name:"file" help:"Rule files; - reads standard input."`
	Write bool     `short:"w" help:"Write files that are not canonical, and print their names."`
	Diff  bool     `help:"Print what would change; exit code 1 when something would."`
}

// Help shows examples.
func (FmtCmd) Help() string {
	return `Examples:
  heddle fmt chat.rules
      prints the canonical form
  heddle fmt -w rules/*.rules
  heddle fmt --diff rules/*.rules
      for CI: exit code 1 when a file is not canonical
  heddle fmt - < chat.rules

Comments are kept. A file with mistakes in its form is not touched; "heddle check" says what
they are.`
}

// Run formats all files, even when one of them is bad.
func (c FmtCmd) Run(env *Env) error {
	bad := false
	for _, name := range c.Files {
		source, err := c.read(env, name)
		if err != nil {
			return err
		}
		file, errs := syntax.Parse(name, string(source))
		if len(errs) > 0 {
			fmt.Fprintf(env.Stderr, "%v\n\n", errs)
			bad = true
			continue
		}
		canonical := []byte(syntax.Format(file))
		changed := string(source) != string(canonical)
		if c.Diff && changed {
			env.Stdout.Write(diff.Diff(name, source, name+" (canonical)", canonical))
			bad = bad || !c.Write
		}
		if c.Write && changed && name != "-" {
			if err := replaceFile(name, canonical); err != nil {
				return err
			}
			fmt.Fprintln(env.Stdout, name)
		}
		if !c.Diff && (!c.Write || name == "-") {
			env.Stdout.Write(canonical)
		}
	}
	if bad {
		return errBad
	}
	return nil
}

func (c FmtCmd) read(env *Env, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(env.Stdin)
	}
	return os.ReadFile(name)
}

// replaceFile writes a file all or not at all, and keeps its permissions.
func replaceFile(name string, content []byte) error {
	// Behind a symbolic link the file itself is replaced, not the link.
	name, err := filepath.EvalSymlinks(name)
	if err != nil {
		return err
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	if _, err := temporary.Write(content); err != nil {
		temporary.Close()
		return err
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	if err := os.Chmod(temporary.Name(), info.Mode().Perm()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), name)
}
