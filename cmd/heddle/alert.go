package main

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/neuroweaver/heddle/actions/alert"
)

// AlertCmd shows alerts and says what people do about them.
type AlertCmd struct {
	List    AlertListCmd    `cmd:"" default:"withargs" help:"List the alerts that fire."`
	Ack     AlertAckCmd     `cmd:"" help:"Take an alert on: it is yours until it ends."`
	Silence AlertSilenceCmd `cmd:"" help:"Mute alerts for a time."`
}

// Help shows examples.
func (AlertCmd) Help() string {
	return `Examples:
  heddle alert
  heddle alert list --resolved
  heddle alert ack 3f2a91c0 --why "I am on it"
  heddle alert silence 'alertname="slow", model="gpt-4o"' --for 2h --why "known, ticket 41"
  heddle alert silence 'model=~"llama.*"' --for 1h --suspend-actions --why "maintenance"`
}

// AlertListCmd lists alerts.
type AlertListCmd struct {
	Remote
	Resolved bool   `help:"Also those that ended lately."`
	Rule     string `help:"Only those of this rule."`
	JSON     bool   `help:"Print JSON."`
}

// Run prints a table.
func (c AlertListCmd) Run(env *Env) error {
	query := url.Values{}
	if c.Resolved {
		query.Set("resolved", "true")
	}
	if c.Rule != "" {
		query.Set("rule", c.Rule)
	}
	var answer struct {
		Alerts []alert.Status `json:"alerts"`
	}
	if err := c.get(env.Ctx, "/api/v1/heddle/alerts", query, &answer); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(env.Stdout, answer)
	}
	if len(answer.Alerts) == 0 {
		_, err := fmt.Fprintln(env.Stdout, "No alert is firing.")
		return err
	}
	return printAlerts(env, answer.Alerts)
}

func printAlerts(env *Env, alerts []alert.Status) error {
	rows := [][]string{{"ID", "RULE", "SEVERITY", "STATE", "SINCE", "LABELS", "SUMMARY", "NOTE"}}
	for _, a := range alerts {
		note := a.Muted
		if a.Acknowledged != nil {
			note = strings.TrimPrefix(note+", acknowledged by "+a.Acknowledged.By, ", ")
		}
		rows = append(rows, []string{a.ID, a.Rule, a.Severity, a.State, clockTime(a.StartsAt), labels.FromMap(a.Labels).String(), cmp.Or(a.Summary, a.Reason), note})
	}
	return table(env.Stdout, rows)
}

// AlertAckCmd acknowledges an alert.
type AlertAckCmd struct {
	Remote
	Who
	ID string `arg:"" help:"The alert's ID, from the list."`
}

// Run acknowledges it and shows it.
func (c AlertAckCmd) Run(env *Env) error {
	var a alert.Status
	if err := c.post(env.Ctx, "/api/v1/heddle/alerts/"+url.PathEscape(c.ID)+"/ack", map[string]string{"who": c.name(), "why": c.Why}, &a); err != nil {
		return err
	}
	return printAlerts(env, []alert.Status{a})
}

// AlertSilenceCmd makes a silence.
type AlertSilenceCmd struct {
	Remote
	Who
	Matchers       string `arg:"" help:"Which alerts, as in PromQL: 'alertname=\"slow\", model=~\"gpt.*\"'."`
	For            string `required:"" placeholder:"2h" help:"For how long."`
	SuspendActions bool   `help:"Also keep what it matches from moving a route."`
}

// Run makes the silence and shows what it mutes at present.
func (c AlertSilenceCmd) Run(env *Env) error {
	matchers, err := parseMatchers(c.Matchers)
	if err != nil {
		return usageError{err}
	}
	length, err := model.ParseDuration(c.For)
	if err != nil {
		return usagef("--for: %q is not a duration such as 30m or 2h", c.For)
	}
	now := time.Now()
	silence := alert.Silence{
		Matchers: matchers, StartsAt: now, EndsAt: now.Add(time.Duration(length)),
		By: c.name(), Why: c.Why, SuspendActions: c.SuspendActions,
	}
	if err := c.post(env.Ctx, "/api/v1/heddle/silences", silence, &silence); err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, "silence %s until %s\n", silence.ID, clockTime(silence.EndsAt))
	var muted struct {
		Alerts []alert.Status `json:"alerts"`
	}
	if err := c.post(env.Ctx, "/api/v1/heddle/silences/preview", map[string]any{"matchers": matchers}, &muted); err != nil {
		return err
	}
	if len(muted.Alerts) == 0 {
		_, err := fmt.Fprintln(env.Stdout, "It matches no alert that fires at present.")
		return err
	}
	return printAlerts(env, muted.Alerts)
}

// parseMatchers reads label matchers as PromQL writes them, with or without braces.
func parseMatchers(text string) ([]alert.Matcher, error) {
	text = strings.Trim(strings.TrimSpace(text), "{}")
	parsed, err := parser.NewParser(parser.Options{}).ParseMetricSelector("{" + text + "}")
	if err != nil {
		return nil, fmt.Errorf("%q are not label matchers such as 'alertname=\"slow\", model=~\"gpt.*\"': %w", text, err)
	}
	var matchers []alert.Matcher
	for _, m := range parsed {
		matchers = append(matchers, alert.Matcher{
			Name: m.Name, Value: m.Value,
			IsRegex: m.Type == labels.MatchRegexp || m.Type == labels.MatchNotRegexp,
			IsEqual: m.Type == labels.MatchEqual || m.Type == labels.MatchRegexp,
		})
	}
	return matchers, nil
}
