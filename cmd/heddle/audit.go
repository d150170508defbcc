package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/neuroweaver/heddle/actions/journal"
	"github.com/neuroweaver/heddle/server"
)

// AuditCmd reads the journal.
type AuditCmd struct {
	List   AuditListCmd   `cmd:"" default:"withargs" help:"List what happened, the newest last."`
	Show   AuditShowCmd   `cmd:"" help:"Show one event with all that was known."`
	Verify AuditVerifyCmd `cmd:"" help:"Check that nothing in the journal was changed or taken out."`
	Export AuditExportCmd `cmd:"" help:"Write the journal as one JSON object a line."`
}

// Help shows examples.
func (AuditCmd) Help() string {
	return `Examples:
  heddle audit
  heddle audit list --kind switch --route chat --last 20
  heddle audit show 41
  heddle audit verify                     # of the running server
  heddle audit verify --data ./data       # of a data directory, server or not
  heddle audit export > journal.ndjson`
}

// journalSelection selects events.
type journalSelection struct {
	Kind  []string `help:"Only events of this kind; may repeat."`
	Route string   `help:"Only events of this route."`
	Rule  string   `help:"Only events of this rule."`
	Model string   `help:"Only events of this model."`
	From  string   `placeholder:"TIME" help:"From this time on (RFC 3339 or Unix seconds)."`
	To    string   `placeholder:"TIME" help:"Up to this time."`
}

func (s journalSelection) values() url.Values {
	v := url.Values{"kind": s.Kind}
	for name, text := range map[string]string{"route": s.Route, "rule": s.Rule, "model": s.Model, "from": s.From, "to": s.To} {
		if text != "" {
			v.Set(name, text)
		}
	}
	return v
}

// event is one event as the server tells it; fields hold what its kind has.
type event struct {
	seq    uint64
	time   time.Time
	kind   string
	fields map[string]json.RawMessage
}

func (e *event) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, &e.fields); err != nil {
		return err
	}
	for name, into := range map[string]any{"seq": &e.seq, "time": &e.time, "kind": &e.kind} {
		if err := json.Unmarshal(e.fields[name], into); err != nil {
			return fmt.Errorf("%s of an event: %w", name, err)
		}
	}
	return nil
}

// text is a field for people; "" where the event does not have it.
func (e *event) text(name string) string {
	var s string
	if json.Unmarshal(e.fields[name], &s) == nil {
		return s
	}
	return string(e.fields[name])
}

// AuditListCmd lists events.
type AuditListCmd struct {
	Remote
	journalSelection
	Last int  `default:"50" help:"How many of the newest (${default})."`
	JSON bool `help:"Print JSON."`
}

// Run prints a table, oldest first.
func (c AuditListCmd) Run(env *Env) error {
	query := c.values()
	query.Set("newest", "true")
	query.Set("limit", strconv.Itoa(c.Last))
	var raw struct {
		Events []json.RawMessage `json:"events"`
	}
	if err := c.get(env.Ctx, "/api/v1/journal", query, &raw); err != nil {
		return err
	}
	rows := [][]string{{"SEQ", "TIME", "KIND", "WHAT"}}
	for i := len(raw.Events) - 1; i >= 0; i-- {
		if c.JSON {
			fmt.Fprintln(env.Stdout, string(raw.Events[i]))
			continue
		}
		var e event
		if err := json.Unmarshal(raw.Events[i], &e); err != nil {
			return err
		}
		rows = append(rows, []string{strconv.FormatUint(e.seq, 10), clockTime(e.time), e.kind, e.summary()})
	}
	if c.JSON {
		return nil
	}
	return table(env.Stdout, rows)
}

// summary is an event in one line: where, what, why.
func (e *event) summary() string {
	var parts []string
	add := func(names ...string) {
		for _, name := range names {
			if text := e.text(name); text != "" {
				parts = append(parts, text)
			}
		}
	}
	add("route", "rule", "receiver", "connector", "verb")
	from, to := e.text("from"), e.text("to")
	if from == to || to == "" {
		add("model", "state")
	} else {
		if e.text("rule") != "" {
			add("model")
		}
		parts = append(parts, strings.TrimPrefix(from+" → "+to, " → "))
	}
	add("who", "why")
	if e.text("who") == "" {
		add("reason")
	}
	add("error")
	return strings.Join(parts, ", ")
}

// AuditShowCmd shows one event.
type AuditShowCmd struct {
	Remote
	Seq uint64 `arg:"" help:"The event's number, from the list."`
}

// Run prints the event as JSON.
func (c AuditShowCmd) Run(env *Env) error {
	if c.Seq == 0 {
		return usagef("events are numbered from 1")
	}
	query := url.Values{"after": {strconv.FormatUint(c.Seq-1, 10)}, "limit": {"1"}}
	var raw struct {
		Events []json.RawMessage `json:"events"`
	}
	if err := c.get(env.Ctx, "/api/v1/journal", query, &raw); err != nil {
		return err
	}
	var e event
	if len(raw.Events) == 1 {
		if err := json.Unmarshal(raw.Events[0], &e); err != nil {
			return err
		}
	}
	if e.seq != c.Seq {
		return fmt.Errorf("the journal has no event %d", c.Seq)
	}
	return printJSON(env.Stdout, raw.Events[0])
}

// AuditVerifyCmd checks the chain.
type AuditVerifyCmd struct {
	Remote
	Data string `placeholder:"DIR" type:"path" help:"Check this data directory instead of asking a server."`
	JSON bool   `help:"Print JSON."`
}

// Run reports the first broken link, if there is one; its exit code is then 1.
func (c AuditVerifyCmd) Run(env *Env) error {
	report, err := c.verify(env.Ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(env.Stdout, report)
	} else if report.Broken == nil {
		_, err = fmt.Fprintf(env.Stdout, "The journal is whole: %d events, the last has the hash %s.\n", report.Events, report.Head)
	} else {
		_, err = fmt.Fprintf(env.Stdout, "The journal is broken at event %d: %s.\nThe %d events before it are whole.\n", report.Broken.Seq, report.Broken.Problem, report.Broken.Seq-1)
	}
	if err == nil && report.Broken != nil {
		return errBad
	}
	return err
}

func (c AuditVerifyCmd) verify(ctx context.Context) (report journal.Report, err error) {
	if c.Data == "" {
		return report, c.get(ctx, "/api/v1/journal/verify", nil, &report)
	}
	path := server.JournalPath(c.Data)
	if _, err := os.Stat(path); err != nil {
		return report, fmt.Errorf("%s has no journal: %w", c.Data, withoutPath(err))
	}
	return journal.Verify(ctx, path)
}

// withoutPath takes the path off a file error where the message names it already.
func withoutPath(err error) error {
	if at, ok := err.(*fs.PathError); ok {
		return at.Err
	}
	return err
}

// AuditExportCmd exports the journal.
type AuditExportCmd struct {
	Remote
	journalSelection
}

// Run copies the server's export.
func (c AuditExportCmd) Run(env *Env) error {
	response, err := c.send(env.Ctx, http.MethodGet, "/api/v1/journal/export?"+c.values().Encode(), nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1<<16))
		return answerError(response, text)
	}
	if _, err := io.Copy(env.Stdout, response.Body); err != nil {
		return fmt.Errorf("the export broke off: %w", err)
	}
	return nil
}
