package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/dustin/go-humanize"

	"github.com/neuroweaver/heddle/server"
	"github.com/neuroweaver/heddle/tsdb"
)

// TSDBCheckCmd reads everything that a store has on disk.
type TSDBCheckCmd struct {
	Data  string `default:"data" placeholder:"DIR" type:"path" help:"The data directory, or a snapshot. No server may be using it."`
	Quiet bool   `short:"q" help:"Print no progress."`
}

// Run decodes every sample and reports what is damaged, with file and offset; its exit code is then 1.
func (c TSDBCheckCmd) Run(env *Env) error {
	dir := server.StorePath(c.Data)
	if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("%s has no store: %w", c.Data, withoutPath(err))
	}
	w := env.Stderr
	if c.Quiet {
		w = io.Discard
	}
	progress := newBenchProgress(w)
	report, err := tsdb.Check(dir, nil, func(done, total int64) {
		progress.show("reading blocks", float64(done)/float64(max(total, 1)))
	})
	progress.end()
	switch {
	case errors.Is(err, tsdb.ErrLocked):
		return fmt.Errorf("%s is in use; stop the server, or check a snapshot (heddle tsdb snapshot)", c.Data)
	case err != nil:
		return err
	}
	return printCheck(env.Stdout, report)
}

func printCheck(w io.Writer, report *tsdb.CheckReport) error {
	fmt.Fprintf(w, "%s series; %s samples in %s group-blocks of %s blocks; %s rows in the log\n",
		humanize.Comma(int64(report.Series)), humanize.Comma(report.Samples), humanize.Comma(int64(report.GroupBlocks)),
		humanize.Comma(int64(report.Blocks)), humanize.Comma(report.LogRows))
	for _, torn := range report.Torn {
		fmt.Fprintf(w, "%s ends with %d bytes of a write that was never acknowledged, at offset %d: %v\n", torn.File, torn.Bytes, torn.Offset, torn.Reason)
	}
	for _, problem := range report.Problems {
		fmt.Fprintln(w, problem)
	}
	if len(report.Problems) > 0 {
		return errBad
	}
	_, err := fmt.Fprintln(w, "The store is whole.")
	return err
}
