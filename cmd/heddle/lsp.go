package main

import (
	"context"
	"net/url"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/neuroweaver/heddle/rules/lsp"
)

// LSPCmd is a language server: it talks to an editor by standard input and output.
type LSPCmd struct {
	URL       string   `placeholder:"URL" env:"HEDDLE_URL" help:"A running server, for current values and the names of its metrics and labels."`
	TokenFile string   `placeholder:"FILE" type:"path" env:"HEDDLE_TOKEN_FILE" help:"File with the bearer token, where the server asks for one."`
	Rules     []string `placeholder:"GLOB" help:"Rule files that a server loads together; without it a file is looked at with what it imports."`
	Stdio     bool     `help:"The default; some editors always say so."`
}

// Help shows examples.
func (LSPCmd) Help() string {
	return `An editor starts this, a person does not.

Examples:
  heddle lsp
      what an editor is told to run for files named *.rules
  heddle lsp --rules 'rules/*.rules'
      where the files of a directory are one load
  heddle lsp --url http://127.0.0.1:9480
      also current values under the cursor, and the metrics and labels that arrive there`
}

// Run serves the editor until it ends.
func (c LSPCmd) Run(env *Env) error {
	options := lsp.Options{Patterns: make([]string, len(c.Rules))}
	for i, pattern := range c.Rules {
		if _, err := filepath.Match(pattern, ""); err != nil {
			return usagef("--rules: %q: %v", pattern, err)
		}
		absolute, err := filepath.Abs(pattern)
		if err != nil {
			return err
		}
		options.Patterns[i] = absolute
	}
	if c.URL != "" {
		options.Live = liveServer{Remote{URL: c.URL, TokenFile: c.TokenFile}}
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		options.Version = info.Main.Version
	}
	return lsp.NewServer(options).Run(env.Ctx, env.Stdin, env.Stdout)
}

// liveServer is a running server as the language server asks it.
type liveServer struct{ Remote }

// maxLiveNames bounds a list of names: an editor shows a few hundred.
const maxLiveNames = 5000

// Explain gives the instances of a rule with the values of its conditions.
func (s liveServer) Explain(ctx context.Context, rule string) ([]lsp.Instance, error) {
	var answer struct {
		Explanations []lsp.Instance `json:"explanations"`
	}
	err := s.get(ctx, "/api/v1/heddle/explain", url.Values{"rule": {rule}}, &answer)
	return answer.Explanations, err
}

// LabelNames gives the labels of series.
func (s liveServer) LabelNames(ctx context.Context, metrics []string) ([]string, error) {
	return s.names(ctx, "/api/v1/labels", metrics)
}

// LabelValues gives the values of a label of series.
func (s liveServer) LabelValues(ctx context.Context, label string, metrics []string) ([]string, error) {
	return s.names(ctx, "/api/v1/label/"+url.PathEscape(label)+"/values", metrics)
}

func (s liveServer) names(ctx context.Context, path string, metrics []string) ([]string, error) {
	parameters := url.Values{"limit": {strconv.Itoa(maxLiveNames)}}
	if len(metrics) > 0 {
		quoted := make([]string, len(metrics))
		for i, metric := range metrics {
			quoted[i] = regexp.QuoteMeta(metric)
		}
		parameters.Set("match[]", "{__name__=~"+strconv.Quote(strings.Join(quoted, "|"))+"}")
	}
	var answer struct {
		Data []string `json:"data"`
	}
	err := s.get(ctx, path, parameters, &answer)
	return answer.Data, err
}
