package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/prometheus/prometheus/storage"

	"github.com/neuroweaver/heddle/actions"
	"github.com/neuroweaver/heddle/cmd/heddle/internal/recording"
	"github.com/neuroweaver/heddle/query"
	"github.com/neuroweaver/heddle/rules"
	"github.com/neuroweaver/heddle/rules/load"
	"github.com/neuroweaver/heddle/rules/thresholds"
	"github.com/neuroweaver/heddle/server"
	"github.com/neuroweaver/heddle/tsdb"
)

// ReplayCmd shows what rules would have done on recorded data.
type ReplayCmd struct {
	Rules   []string `required:"" placeholder:"GLOB" help:"Rule files."`
	Compare []string `placeholder:"GLOB" help:"Other rule files: show what would have been different with --rules."`
	RemoteData
	Data   string `type:"path" placeholder:"DIR" xor:"source" help:"Replay from a data directory; the server that uses it must be stopped."`
	Input  string `placeholder:"FILE" xor:"source" help:"Replay lines of JSON; - reads standard input."`
	Format string `enum:"samples,observations" default:"observations" help:"What the lines are: samples or observations (${default})."`
	From   string `placeholder:"TIME" help:"Start of a replay from --data or --url: a time, or how long ago (a day of --data, an hour of --url)."`
	To     string `placeholder:"TIME" help:"End of it (now)."`
	JSON   bool   `help:"Print one JSON object a line."`
	Quiet  bool   `short:"q" help:"Print no progress and no summary."`
}

// Help shows examples.
func (ReplayCmd) Help() string {
	return `Examples:
  heddle replay --rules 'rules/*.rules' --data ./data --from 7d
      what the rules would have done in the last week
  heddle replay --rules 'rules/*.rules' --url http://prometheus:9090 --from 7d
      the same, from what a running server has: Heddle, Prometheus, or who speaks their API
  heddle replay --rules chat.rules --input requests.jsonl --json
  generate | heddle replay --rules chat.rules --input - --format samples
      {"metric":"m_total","labels":{"model":"a"},"ts_ms":1767571215000,"value":3} a line
  heddle replay --rules new.rules --compare old.rules --data ./data --from 30d
      lines with - happened with the old rules only, with + with the new ones only,
      with ~ with both, but not at the same time

The replay runs the engine and the route logic that run live, on the data's own clock, without
effects: nothing is sent and nothing is switched.`
}

// Run replays, and compares where it is asked to.
func (c ReplayCmd) Run(env *Env) error {
	if c.Data == "" && c.URL == "" && c.Input == "" {
		return usagef("say what to replay: --data DIR, --url URL or --input FILE")
	}
	if len(c.Compare) > 0 && c.Input == "-" {
		return usagef("--compare reads the data twice; write it to a file first")
	}
	program, err := loadProgram(env, c.Rules)
	if err != nil {
		return err
	}
	if len(c.Compare) > 0 {
		return c.compare(env, program)
	}
	tally := replayTally{}
	if err := c.replay(env, program, &tally, func(e rules.Event) error { return c.print(env.Stdout, e) }); err != nil {
		return err
	}
	if !c.Quiet && !c.JSON {
		fmt.Fprintln(env.Stdout, tally.String())
	}
	return nil
}

// loadProgram loads rule files; a pattern may also name a file of thresholds.
func loadProgram(env *Env, patterns []string) (*rules.Program, error) {
	thresholdsFile := ""
	ruleFiles := slices.DeleteFunc(slices.Clone(patterns), func(pattern string) bool {
		isThresholds := false
		if isYAML(pattern) {
			isThresholds, _ = thresholds.IsFile(pattern)
		}
		if isThresholds {
			thresholdsFile = pattern
		}
		return isThresholds
	})
	set, err := load.Read(ruleFiles, thresholdsFile)
	if err != nil {
		return nil, err
	}
	program, errs := set.Compile(rules.CompileOptions{})
	if errs != nil {
		fmt.Fprintln(env.Stderr, errs)
		return nil, errBad
	}
	return program, nil
}

func (c ReplayCmd) print(w io.Writer, e rules.Event) error {
	if c.JSON {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(e)
	}
	_, err := fmt.Fprintf(w, "%s  %s\n", replayTime(e.Time), e)
	return err
}

// replayTime is how a timeline writes a time.
func replayTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000") }

// replay runs one program on the data.
func (c ReplayCmd) replay(env *Env, program *rules.Program, tally *replayTally, emit func(rules.Event) error) error {
	source, closer, err := c.open(env, program, tally)
	if err != nil {
		return err
	}
	defer closer.Close()
	var failed error
	err = rules.Replay(env.Ctx, program, source, actions.NewSimulator(program.Routes(), program.Rules()), func(e rules.Event) bool {
		tally.event(e)
		failed = emit(e)
		return failed == nil
	})
	return errors.Join(err, failed)
}

// open gives the data as a recording, counted as it passes.
func (c ReplayCmd) open(env *Env, program *rules.Program, tally *replayTally) (source rules.Recording, closer io.Closer, err error) {
	switch {
	case c.Data != "" || c.URL != "":
		source, closer, err = c.openStored(env, program)
	case c.Input == "-":
		source, closer = c.lines(env.Stdin), io.NopCloser(nil)
	default:
		var file *os.File
		if file, err = os.Open(c.Input); err == nil {
			source, closer = c.lines(file), file
		}
	}
	if err != nil {
		return source, nil, err
	}
	batches := source.Batches
	source.Batches = func(yield func(*tsdb.Batch, error) bool) {
		for b, err := range batches {
			if b != nil {
				tally.batch(b)
			}
			if !yield(b, err) {
				return
			}
		}
	}
	return source, closer, nil
}

func (c ReplayCmd) lines(r io.Reader) rules.Recording {
	if c.Format == "samples" {
		return recording.Samples(r)
	}
	return recording.Observations(r)
}

// openStored gives what a data directory or a server has.
func (c ReplayCmd) openStored(env *Env, program *rules.Program) (rules.Recording, io.Closer, error) {
	from, to, err := c.span(time.Now())
	if err != nil {
		return rules.Recording{}, nil, err
	}
	var store storage.Queryable
	closeStore := func() error { return nil }
	if c.URL != "" {
		store = c.store()
	} else {
		db, err := openStore(c.Data)
		if err != nil {
			return rules.Recording{}, nil, err
		}
		store, closeStore = db, db.Close
	}
	progress := newBenchProgress(env.Stderr)
	if c.Quiet {
		progress = newBenchProgress(io.Discard)
	}
	source := recording.Stored(env.Ctx, store, program.SeriesNames(), from, to, func(at time.Time) {
		progress.show(fmt.Sprintf("replaying %s to %s", clockTime(from), clockTime(to)), at.Sub(from).Seconds()/to.Sub(from).Seconds())
	})
	return source, closing(func() error {
		progress.end()
		return closeStore()
	}), nil
}

// span is the time to replay.
func (c ReplayCmd) span(now time.Time) (from, to time.Time, err error) {
	usual := 24 * time.Hour
	if c.URL != "" {
		usual = time.Hour // what is read from a server is its work, and the network's
	}
	if to, err = parseWhen(c.To, now, now); err != nil {
		return from, to, err
	}
	if from, err = parseWhen(c.From, now, to.Add(-usual)); err != nil {
		return from, to, err
	}
	if !from.Before(to) {
		return from, to, usagef("--from must lie before --to")
	}
	return from, to, nil
}

// openStore opens the store of a data directory that no server uses.
func openStore(data string) (*tsdb.DB, error) {
	path := server.StorePath(data)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%s has no store: %w", data, err)
	}
	db, err := tsdb.Open(path, tsdb.Options{Retention: keepAll, Rollup5mRetention: keepAll, Rollup1hRetention: keepAll})
	if errors.Is(err, tsdb.ErrLocked) {
		return nil, fmt.Errorf("%s is in use: stop the server that uses it, or ask that server with --url (%w)", data, tsdb.ErrLocked)
	}
	return db, err
}

// keepAll is a retention that drops nothing: who only reads must not tidy up.
const keepAll = 100 * 365 * 24 * time.Hour

type closing func() error

func (c closing) Close() error { return c() }

// parseWhen reads a time, or how long before now; empty: otherwise.
func parseWhen(text string, now, otherwise time.Time) (time.Time, error) {
	if text == "" {
		return otherwise, nil
	}
	if ago, err := query.ParseDuration(text); err == nil {
		return now.Add(-ago), nil
	}
	at, err := query.ParseTime(text)
	if err != nil {
		return at, usagef("%q is neither a time nor a duration", text)
	}
	return at, nil
}
