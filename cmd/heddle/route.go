package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/neuroweaver/heddle/actions"
)

// RouteCmd shows routes and says what people want of them.
type RouteCmd struct {
	List    RouteListCmd    `cmd:"" default:"withargs" help:"List the routes and the model each serves."`
	Show    RouteShowCmd    `cmd:"" help:"Show one route: its models, which are fit, and why."`
	Switch  RouteSwitchCmd  `cmd:"" help:"Switch to a model now."`
	Pin     RoutePinCmd     `cmd:"" help:"Hold a route on a model until it is unpinned."`
	Unpin   RouteUnpinCmd   `cmd:"" help:"Give a pinned route back to its rules."`
	Exclude RouteExcludeCmd `cmd:"" help:"Keep a model out of a route."`
	Include RouteIncludeCmd `cmd:"" help:"Let an excluded model back in."`
	Approve RouteApproveCmd `cmd:"" help:"Let a proposed switch happen."`
	Reject  RouteRejectCmd  `cmd:"" help:"Turn a proposed switch down."`
}

// Help shows examples.
func (RouteCmd) Help() string {
	return `Examples:
  heddle route
  heddle route show chat
  heddle route switch chat claude-sonnet --why "gpt-4o answers in French"
  heddle route pin chat gpt-4o --why "load test until noon"
  heddle route exclude chat llama-70b`
}

// RouteListCmd lists all routes.
type RouteListCmd struct {
	Remote
	JSON bool `help:"Print JSON."`
}

// Run prints a table.
func (c RouteListCmd) Run(env *Env) error {
	var answer struct {
		Routes []actions.RouteStatus `json:"routes"`
	}
	if err := c.get(env.Ctx, "/api/v1/routes", nil, &answer); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(env.Stdout, answer)
	}
	if len(answer.Routes) == 0 {
		_, err := fmt.Fprintln(env.Stdout, "The rules in force have no route. A rule file declares one with `route NAME { models … }`.")
		return err
	}
	rows := [][]string{{"ROUTE", "SERVING", "STATE", "EPOCH", "SINCE", "REASON"}}
	for _, r := range answer.Routes {
		rows = append(rows, []string{r.Name, r.Serving, routeState(r), strconv.FormatUint(r.Epoch, 10), clockTime(r.Since), r.Reason})
	}
	return table(env.Stdout, rows)
}

// routeState is the phase of a route, with what holds it.
func routeState(r actions.RouteStatus) string {
	state := r.State
	if r.Wanted != r.Serving {
		state += " " + r.Wanted
	}
	if r.Pin != nil {
		state += ", pinned"
	}
	if r.Manual {
		state += ", manual"
	}
	if r.Proposal != nil {
		state += ", proposes " + r.Proposal.To
	}
	return state
}

// RouteShowCmd shows one route.
type RouteShowCmd struct {
	Remote
	Route string `arg:"" help:"The route."`
	JSON  bool   `help:"Print JSON."`
}

// Run prints the route.
func (c RouteShowCmd) Run(env *Env) error {
	var r actions.RouteStatus
	if err := c.get(env.Ctx, "/api/v1/routes/"+url.PathEscape(c.Route), nil, &r); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(env.Stdout, r)
	}
	return printRoute(env.Stdout, r)
}

func printRoute(w io.Writer, r actions.RouteStatus) error {
	fmt.Fprintf(w, "%s serves %s since %s (epoch %d, %s)\n", r.Name, r.Serving, clockTime(r.Since), r.Epoch, routeState(r))
	for _, line := range []struct{ name, text string }{{"reason", r.Reason}, {"held", r.Held}} {
		if line.text != "" {
			fmt.Fprintf(w, "%s: %s\n", line.name, line.text)
		}
	}
	if r.Proposal != nil {
		fmt.Fprintf(w, "proposed: %s to %s, %s; `heddle route approve %s` or `reject`\n", r.Proposal.Action, r.Proposal.To, r.Proposal.Reason, r.Name)
	}
	rows := [][]string{{"MODEL", "FIT", "BECAUSE"}}
	for _, m := range r.Models {
		fit := "yes"
		switch {
		case !m.Fit:
			fit = "no"
		case m.Unknown:
			fit = "unknown"
		}
		because := strings.Join(m.UnfitBecause, ", ")
		if m.ReturnAt != nil {
			because += " returns at " + clockTime(*m.ReturnAt)
		}
		rows = append(rows, []string{m.Model, fit, strings.TrimSpace(because)})
	}
	problems := table(w, rows)
	if len(r.Targets) > 0 {
		targets := [][]string{{"TARGET", "STATE", "EPOCH", "PROBLEM"}}
		for _, t := range r.Targets {
			targets = append(targets, []string{t.Connector, t.State, strconv.FormatUint(t.Epoch, 10), t.Error})
		}
		problems = errors.Join(problems, table(w, targets))
	}
	return problems
}

// routeChange is what all verbs that change a route share.
type routeChange struct {
	Remote
	Who
	Route string `arg:"" help:"The route."`
}

const (
	// settleTimeout is how long a change waits for its connectors. What takes longer goes on without
	// the person.
	settleTimeout = 10 * time.Second
	settlePoll    = 50 * time.Millisecond
)

// change posts one verb, waits until the connectors have carried it out, and prints the route as it
// then is.
func (c routeChange) change(env *Env, verb, model string) error {
	var r actions.RouteStatus
	body := map[string]string{"who": c.name(), "why": c.Why}
	if model != "" {
		body["model"] = model
	}
	path := "/api/v1/routes/" + url.PathEscape(c.Route)
	if err := c.post(env.Ctx, path+"/"+verb, body, &r); err != nil {
		return err
	}
	for deadline := time.Now().Add(settleTimeout); underWay(r) && time.Now().Before(deadline); {
		select {
		case <-env.Ctx.Done():
			return env.Ctx.Err()
		case <-time.After(settlePoll):
		}
		if err := c.get(env.Ctx, path, nil, &r); err != nil {
			return err
		}
	}
	return printRoute(env.Stdout, r)
}

// underWay reports whether connectors still work on the route's epoch.
func underWay(r actions.RouteStatus) bool {
	return r.State == "planned" || r.State == "applying" || r.State == "verifying" || r.State == "compensating"
}

// modelArg is the model that a change is about.
type modelArg struct {
	Model string `arg:"" help:"The model."`
}

// The verbs that change a route.
type (
	RouteSwitchCmd struct {
		routeChange
		modelArg
	}
	RoutePinCmd struct {
		routeChange
		modelArg
	}
	RouteExcludeCmd struct {
		routeChange
		modelArg
	}
	RouteIncludeCmd struct {
		routeChange
		modelArg
	}
	RouteUnpinCmd   struct{ routeChange }
	RouteApproveCmd struct{ routeChange }
	RouteRejectCmd  struct{ routeChange }
)

func (c RouteSwitchCmd) Run(env *Env) error  { return c.change(env, "switch", c.Model) }
func (c RoutePinCmd) Run(env *Env) error     { return c.change(env, "pin", c.Model) }
func (c RouteExcludeCmd) Run(env *Env) error { return c.change(env, "exclude", c.Model) }
func (c RouteIncludeCmd) Run(env *Env) error { return c.change(env, "include", c.Model) }
func (c RouteUnpinCmd) Run(env *Env) error   { return c.change(env, "unpin", "") }
func (c RouteApproveCmd) Run(env *Env) error { return c.change(env, "approve", "") }
func (c RouteRejectCmd) Run(env *Env) error  { return c.change(env, "reject", "") }
