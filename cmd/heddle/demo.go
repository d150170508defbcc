package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/mattn/go-isatty"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/demo"
)

// DemoCmd plays the main job on real data.
type DemoCmd struct {
	Keep  bool `help:"Keep the server's directory: configuration, rules, store, journal, log."`
	Quiet bool `short:"q" help:"Show no progress, only the end."`
}

// Help is what `heddle demo --help` adds.
func (DemoCmd) Help() string {
	return `Starts a server on a free port of this machine, in a temporary directory, and plays real traffic to it:
GPT-4's answers to a thousand questions in March and in June 2023, when they had got much worse, at the times
at which requests reached a real service, sixty times as dense. The route leaves the model and returns. Takes half
a minute, and leaves nothing behind. The exit code is 1 if Heddle did not do what it should.

Examples:
  heddle demo
  heddle demo --keep`
}

// Run plays the demo and tells what happened.
func (c DemoCmd) Run(env *Env) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "heddle-demo-")
	if err != nil {
		return err
	}
	if !c.Keep {
		defer os.RemoveAll(dir)
	}
	progress := c.progress(env)
	story, err := demo.Run(env.Ctx, demo.Options{
		Program: program,
		Dir:     dir,
		Started: func(url string) {
			fmt.Fprintf(env.Stdout, "Heddle runs at %s while this lasts, about %.0f s. What it keeps is in %s.\n", url, demo.Usual.Seconds(), dir)
		},
		Progress: progress.show,
	})
	progress.end()
	if err != nil {
		return err
	}
	if err := story.Tell(env.Stdout); err != nil {
		return err
	}
	if err := c.tellFiles(env, program, dir); err != nil {
		return err
	}
	_, err = fmt.Fprint(env.Stdout, `
What next

  heddle serve                  the same server, for your own models: http://127.0.0.1:9480
  heddle demo --keep            keep the files and look around
  heddle bench latency          measure: broken rule to webhook
  README.md                     a rule file, a configuration, and how to send your own metrics
`)
	return err
}

// tellFiles lists what the server wrote.
func (c DemoCmd) tellFiles(env *Env, program, dir string) error {
	fmt.Fprintf(env.Stdout, "\nThe files, in %s\n\n", dir)
	for _, file := range []struct{ name, what string }{
		{"heddle.yml", "configuration"},
		{"demo.rules", "the rules"},
		{"routes.json", "the route, as a gateway reads it"},
		{"data/tsdb", "the samples"},
		{"data/journal.db", "what was decided and why, chained by hashes"},
		{filepath.Base(program) + ".log", "the server's log"},
	} {
		size, err := sizeOf(filepath.Join(dir, filepath.FromSlash(file.name)))
		if err != nil {
			return err
		}
		fmt.Fprintf(env.Stdout, "  %-16s %7.1f kB  %s\n", file.name, float64(size)/1000, file.what)
	}
	if !c.Keep {
		fmt.Fprint(env.Stdout, "\n  They are removed now; --keep keeps them.\n")
	}
	return nil
}

// sizeOf is the size of a file, or of all files below a directory.
func sizeOf(path string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(path, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}

// demoProgress is a bar on a terminal, and nothing anywhere else.
type demoProgress struct {
	bars *mpb.Progress
	bar  *mpb.Bar
	// now is set by the demo and drawn by the bar's own goroutine.
	now atomic.Pointer[demo.Progress]
}

func (c DemoCmd) progress(env *Env) *demoProgress {
	p := &demoProgress{}
	file, ok := env.Stderr.(*os.File)
	if c.Quiet || !ok || !isatty.IsTerminal(file.Fd()) {
		return p
	}
	p.bars = mpb.New(mpb.WithOutput(file))
	p.bar = p.bars.AddBar(demo.Usual.Milliseconds(),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string {
			now := p.now.Load()
			if now == nil {
				return ""
			}
			return fmt.Sprintf("%2.0f s  %-13s %3.0f %% right", now.Elapsed.Seconds(), now.Serving, 100*now.Right)
		})))
	return p
}

func (p *demoProgress) show(now demo.Progress) {
	if p.bar == nil {
		return
	}
	p.now.Store(&now)
	p.bar.SetCurrent(min(now.Elapsed.Milliseconds(), demo.Usual.Milliseconds()-1))
}

func (p *demoProgress) end() {
	if p.bar == nil {
		return
	}
	p.bar.Abort(true)
	p.bars.Wait()
}
