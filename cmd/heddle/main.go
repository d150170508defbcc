// Command heddle watches the performance of AI models and routes traffic away from a degraded one.
//
// Each verb is a struct in a file of its own with a method Run(*Env) error; this file has their
// table and the rules that all of them share.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is the table of verbs: one line each, in the order in which `heddle --help` lists them.
type commands struct {
	Serve   ServeCmd   `cmd:"" help:"Run the server."`
	Demo    DemoCmd    `cmd:"" help:"See the main job in half a minute: a model gets worse, the route leaves it and returns."`
	Check   CheckCmd   `cmd:"" help:"Check rules, thresholds and configuration."`
	Fmt     FmtCmd     `cmd:"" help:"Give rule files their canonical form."`
	Test    TestCmd    `cmd:"" help:"Run the tests that stand in rule files."`
	Replay  ReplayCmd  `cmd:"" help:"Show what rules would have done on recorded data."`
	Explain ExplainCmd `cmd:"" help:"Show why a rule is in its state: every term with its value."`
	LSP     LSPCmd     `cmd:"" name:"lsp" help:"Serve an editor of rule files: mistakes, meanings, completion, formatting."`
	Import  ImportCmd  `cmd:"" help:"Take over rules of other systems."`
	Query   QueryCmd   `cmd:"" help:"Evaluate PromQL."`
	Route   RouteCmd   `cmd:"" help:"Show routes; switch, pin, exclude."`
	Alert   AlertCmd   `cmd:"" help:"Show alerts; acknowledge, silence."`
	Audit   AuditCmd   `cmd:"" help:"Read and verify the journal."`
	TSDB    TSDBCmd    `cmd:"" name:"tsdb" help:"Look after the store."`
	Bench   BenchCmd   `cmd:"" help:"Measure this program, beside others."`
	Version VersionCmd `cmd:"" help:"Print the version."`
}

// Env is what a verb may touch of the world outside. Ctx ends on SIGINT and SIGTERM.
type Env struct {
	Ctx            context.Context
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Exit codes of every verb.
const (
	exitDone  = 0
	exitBad   = 1 // the thing asked about is bad: a rule file with errors, a server that does not answer
	exitUsage = 2 // wrong usage: an unknown flag, a missing argument
)

// errBad ends a verb with exit code 1 without another word, when it has already told the person
// what is bad. Any other error is printed and also gives exit code 1.
var errBad = errors.New("bad")

// usageError is a mistake in how a verb was called: printed, exit code 2.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// usagef makes a usageError.
func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Run executes one command line and returns its exit code.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	// Kong wants to end the process after --help; the panic carries its code up to here.
	type exit struct{ code int }
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(exit)
			if !ok {
				panic(r)
			}
			code = e.code
		}
	}()

	if len(args) == 0 {
		args = []string{"--help"}
	}
	parser, err := kong.New(&commands{},
		kong.Name("heddle"),
		kong.Description("Heddle keeps the performance of every model as time series, evaluates rules on each sample as it lands, "+
			"and moves traffic to the best healthy model when the one in use degrades."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { panic(exit{code}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
	)
	if err != nil {
		fmt.Fprintf(stderr, "heddle: %v\n", err)
		return exitUsage
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "heddle: %v\n", err)
		if usage := new(kong.ParseError); errors.As(err, &usage) && usage.Context.Selected() != nil {
			fmt.Fprintf(stderr, "Run \"heddle %s --help\" for its arguments and examples.\n", usage.Context.Selected().Path())
		} else {
			fmt.Fprintln(stderr, "Run \"heddle --help\" for the list of commands.")
		}
		return exitUsage
	}
	err = parsed.Run(&Env{Ctx: ctx, Stdin: stdin, Stdout: stdout, Stderr: stderr})
	usage := usageError{}
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errBad):
		return exitBad
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "heddle: %v\nRun \"heddle %s --help\" for its arguments and examples.\n", err, parsed.Selected().Path())
		return exitUsage
	}
	fmt.Fprintf(stderr, "heddle: %v\n", err)
	return exitBad
}
