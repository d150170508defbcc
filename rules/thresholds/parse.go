package thresholds

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// maxBytes is a hundred times what the file can say.
const maxBytes = 64 << 10

// key is what a key of the file may hold: other keys, or a number within bounds.
type key struct {
	keys     map[string]key
	min, max float64
	set      func(s *Settings, v float64)
}

func share(set func(s *Settings, v float64)) key { return key{min: 0, max: 1, set: set} }

// maxLatencyMS is a day: what takes longer is not a request. maxMinutes is a week.
const (
	maxLatencyMS = 24 * 3600 * 1000
	maxMinutes   = 7 * 24 * 60
)

// layout is the whole file.
var layout = key{keys: map[string]key{
	"model_performance": {keys: map[string]key{
		"accuracy": {keys: map[string]key{
			"warning_threshold":  share(func(s *Settings, v float64) { s.AccuracyWarning = &v }),
			"critical_threshold": share(func(s *Settings, v float64) { s.AccuracyCritical = &v }),
		}},
		"latency": {keys: map[string]key{
			"warning_threshold_ms":  {min: 0.001, max: maxLatencyMS, set: func(s *Settings, v float64) { s.LatencyWarningMS = &v }},
			"critical_threshold_ms": {min: 0.001, max: maxLatencyMS, set: func(s *Settings, v float64) { s.LatencyCriticalMS = &v }},
		}},
		"success_rate": {keys: map[string]key{
			"warning_threshold":  share(func(s *Settings, v float64) { s.SuccessRateWarning = &v }),
			"critical_threshold": share(func(s *Settings, v float64) { s.SuccessRateCritical = &v }),
		}},
	}},
	"alert_settings": {keys: map[string]key{
		"evaluation_window_minutes":   {min: 0.1, max: maxMinutes, set: func(s *Settings, v float64) { s.WindowMinutes = v }},
		"min_requests_for_evaluation": {min: 0, max: 1e12, set: func(s *Settings, v float64) { s.MinRequests = v }},
		"alert_cooldown_minutes":      {min: 0, max: maxMinutes, set: func(s *Settings, v float64) { s.CooldownMinutes = v }},
	}},
}}

// reader collects settings and mistakes.
type reader struct {
	file     *syntax.File
	settings Settings
	errs     syntax.Errors
}

func parse(name, source string) (Settings, syntax.Errors) {
	r := &reader{file: &syntax.File{Name: name, Source: source}, settings: Settings{WindowMinutes: 10, MinRequests: 50, CooldownMinutes: 15}}
	if len(source) > maxBytes {
		return r.settings, syntax.Errors{{File: name, Message: fmt.Sprintf("the file has %d bytes, more than %d", len(source), maxBytes)}}
	}
	parsed, err := parser.ParseBytes([]byte(source), 0)
	var wrong *yaml.SyntaxError
	if errors.As(err, &wrong) {
		r.report(wrong.Token, "", "%s", wrong.Message)
		return r.settings, r.errs
	} else if err != nil {
		return r.settings, syntax.Errors{{File: name, Message: err.Error()}}
	}
	for _, doc := range parsed.Docs {
		if doc.Body != nil {
			r.read(doc.Body, layout, "")
		}
	}
	r.order("accuracy", r.settings.AccuracyWarning, r.settings.AccuracyCritical, true)
	r.order("latency", r.settings.LatencyWarningMS, r.settings.LatencyCriticalMS, false)
	r.order("success_rate", r.settings.SuccessRateWarning, r.settings.SuccessRateCritical, true)
	return r.settings, syntax.Join(r.errs)
}

func (r *reader) report(at *token.Token, hint, format string, args ...any) {
	span := syntax.Span{}
	if at != nil && at.Position != nil {
		span.Start = syntax.Pos{Line: uint32(at.Position.Line), Column: uint32(at.Position.Column)}
		span.End = syntax.Pos{Line: span.Start.Line, Column: span.Start.Column + uint32(max(1, utf8.RuneCountInString(at.Value)))}
	}
	r.errs = append(r.errs, r.file.Error(span, fmt.Sprintf(format, args...), hint))
}

// read reads a node of the file as the layout wants it; path is how a person finds it.
func (r *reader) read(node ast.Node, want key, path string) {
	if _, ok := node.(*ast.NullNode); ok {
		return
	}
	if want.keys == nil {
		r.number(node, want, path)
		return
	}
	var values []*ast.MappingValueNode
	switch node := node.(type) {
	case *ast.MappingNode:
		values = node.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{node}
	default:
		r.report(node.GetToken(), "one of: "+strings.Join(slices.Sorted(maps.Keys(want.keys)), ", "), "keys must stand here")
		return
	}
	for _, value := range values {
		word := value.Key.GetToken()
		inner, ok := want.keys[word.Value]
		if !ok {
			names := slices.Sorted(maps.Keys(want.keys))
			hint := syntax.DidYouMean(word.Value, slices.Values(names))
			if hint == "" {
				hint = "one of: " + strings.Join(names, ", ")
			}
			r.report(word, hint, "%q is not a setting", word.Value)
			continue
		}
		r.read(value.Value, inner, strings.TrimPrefix(path+"."+word.Value, "."))
	}
}

func (r *reader) number(node ast.Node, want key, path string) {
	at := node.GetToken()
	v, err := strconv.ParseFloat(node.String(), 64)
	switch {
	case err != nil:
		r.report(at, "", "%s must be a number", path)
	case !(v >= want.min && v <= want.max):
		hint := ""
		if want.max == 1 && v <= 100 && v > 1 {
			hint = "did you mean " + strconv.FormatFloat(v/100, 'g', 12, 64) + "?"
		}
		r.report(at, hint, "%s must lie between %s and %s", path, number(want.min), number(want.max))
	default:
		want.set(&r.settings, v)
	}
}

// order reports a critical threshold that is reached before the warning.
func (r *reader) order(what string, warning, critical *float64, below bool) {
	if warning == nil || critical == nil || *warning == *critical || (*critical < *warning) == below {
		return
	}
	path, err := yaml.PathString("$.model_performance." + what)
	if err != nil {
		return
	}
	node, err := path.ReadNode(strings.NewReader(r.file.Source))
	if err != nil {
		return
	}
	r.report(node.GetToken(), "exchange the two", "%s is critical before there is a warning", what)
}

// IsFile reports whether a YAML file holds thresholds, by the keys it begins with; a configuration has
// others.
func IsFile(name string) (bool, error) {
	source, err := os.ReadFile(name)
	if err != nil {
		return false, err
	}
	for line := range strings.Lines(string(source)) {
		word, _, _ := strings.Cut(line, ":")
		if _, ok := layout.keys[strings.TrimSpace(word)]; ok {
			return true, nil
		}
	}
	return false, nil
}
