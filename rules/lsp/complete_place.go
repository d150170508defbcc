package lsp

import (
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/neuroweaver/heddle/rules/catalog"
	"github.com/neuroweaver/heddle/rules/syntax"
)

// What may stand at each place: one function for each kind of block.

// declaration completes outside of blocks.
func (c *completion) declaration() {
	if len(c.words) == 0 || c.newLine && c.isComplete() {
		c.forms(syntax.Declarations())
	}
	switch c.first() {
	case "use":
		c.texts(itemModule, slices.Collect(catalog.Names())...)
	case "import":
		c.files()
	case "alarms":
		c.keywords("per")
	case "metric":
		c.metricDeclaration()
	case "let":
		if len(c.words) > 2 {
			c.expression()
		}
	case "rule":
		switch {
		case c.last(1) == "on" || c.last(1) == ",":
			c.labels(nil)
		case len(c.words) == 2:
			c.keywords("on")
		}
	}
}

// files offers the rule files beside the document.
func (c *completion) files() {
	// The directory of a document that is not on disk has none.
	found, _ := filepath.Glob(filepath.Join(filepath.FromSlash(path.Dir(c.analysis.document.path)), "*.rules"))
	for _, name := range found {
		if name := filepath.Base(name); name != path.Base(c.analysis.document.path) {
			c.texts(itemFile, name)
		}
	}
}

// metricDeclaration completes metric NAME = KIND "SOURCE" or "SOURCE" where LABEL = "VALUE".
func (c *completion) metricDeclaration() {
	where := slices.IndexFunc(c.words, func(t syntax.Token) bool { return t.Kind == syntax.WordToken && t.Text == "where" })
	switch {
	case where >= 0:
		c.matcher(c.sources())
	case c.last(1) == "=":
		c.keywords("counter", "gauge", "histogram")
	case len(c.words) == 4 || c.last(1) == "or":
		c.liveMetrics()
	case len(c.words) > 4:
		c.keywords("or", "where")
	}
}

// sources are the names of series in the declaration of the metric that is being typed.
func (c *completion) sources() (names []string) {
	for _, t := range c.words {
		if t.Text == "where" {
			break
		}
		if name, err := strconv.Unquote(t.Text); t.Kind == syntax.StringToken && err == nil {
			names = append(names, seriesOf(name)...)
		}
	}
	return names
}

// matcher completes LABEL = "VALUE", … for series of these names.
func (c *completion) matcher(series []string) {
	switch c.last(1) {
	case "=", "!=", "=~", "!~":
		label := c.last(2)
		if name, err := strconv.Unquote(label); err == nil {
			label = name
		}
		if label == "model" {
			c.models()
		}
		c.liveLabelValues(label, series)
	case "where", "{", ",", "or":
		c.labels(series)
	}
}

// ruleClause completes within a rule.
func (c *completion) ruleClause() {
	if !c.inText && !c.inBraces && (len(c.words) == 0 || c.newLine || c.isComplete()) {
		c.forms(syntax.Clauses("rule"))
	}
	switch c.first() {
	case "when", "require":
		c.expression()
	case "recover":
		if slices.ContainsFunc(c.words, func(t syntax.Token) bool { return t.Text == "for" }) {
			c.times("1m", "3m", "5m", "10m")
			return
		}
		c.expression()
		if c.isComplete() {
			c.keywords("for")
		}
	case "for":
		c.times("0s", "15s", "1m", "5m", "3 of 5")
	case "missing":
		c.missing()
	case "severity":
		c.only("info", "warning", "critical")
	case "mode":
		c.only("shadow", "approve", "auto")
	case "dedup":
		c.dedup()
	case "because":
		c.rules()
	case "switch":
		c.routes()
	case "notify":
		c.titles(func(r *syntax.Rule) []syntax.Title {
			if notify := r.Notify(); notify != nil {
				return notify.Receivers
			}
			return nil
		})
	case "summary", "label", "annotation":
		if c.inBraces {
			if _, _, inCall := c.call(); !inCall {
				c.instanceLabels()
			}
			c.expression()
		}
	}
}

// only offers words where none of them stands yet.
func (c *completion) only(words ...string) {
	if len(c.words) == 1 {
		c.keywords(words...)
	}
}

func (c *completion) missing() {
	switch {
	case len(c.words) == 1:
		c.keywords("hold", "fire", "clear")
	case c.last(1) == "after":
		c.times("1m", "5m", "10m")
	case c.last(1) != "hold" && len(c.words) == 2:
		c.keywords("after")
	}
}

func (c *completion) dedup() {
	switch {
	case len(c.words) == 1:
		c.keywords("by")
	case c.last(1) == "by" || c.last(1) == ",":
		c.instanceLabels()
	case c.last(1) == "for":
		c.times("5m", "15m", "1h")
	default:
		c.keywords("for")
	}
}

// instanceLabels offers the labels that the instances of the rule have.
func (c *completion) instanceLabels() {
	on := slices.IndexFunc(c.header, func(t syntax.Token) bool { return t.Text == "on" })
	if on < 0 {
		return
	}
	for _, t := range c.header[on+1:] {
		if name, err := strconv.Unquote(t.Text); t.Kind == syntax.StringToken && err == nil {
			c.label(name, "label of the instance")
		} else if t.Kind == syntax.WordToken {
			c.label(t.Text, "label of the instance")
		}
	}
}

// titles offers the names of the configuration that rules of the load mention.
func (c *completion) titles(of func(*syntax.Rule) []syntax.Title) {
	for _, f := range c.analysis.files {
		for _, d := range f.Declarations {
			if rule, ok := d.(*syntax.Rule); ok {
				c.names(of(rule))
			}
		}
	}
}

func (c *completion) names(titles []syntax.Title) {
	for _, title := range titles {
		label := title.Text
		if strings.ContainsFunc(label, func(r rune) bool { return r > 127 || !isNameByte(byte(r)) }) && !c.inText {
			label = strconv.Quote(label)
		}
		c.add(completionItem{Label: label, Kind: itemValue}, "")
	}
}

// routeClause completes within a route.
func (c *completion) routeClause() {
	if !c.inText && (len(c.words) == 0 || c.newLine || c.isComplete()) {
		c.forms(syntax.Clauses("route"))
	}
	switch c.first() {
	case "models":
		c.models()
	case "apply":
		for route := range c.declaredRoutes() {
			if apply := route.Apply(); apply != nil {
				c.names(apply.Connectors)
			}
		}
	case "guard":
		switch c.last(1) {
		case "guard", ",":
			c.keywords("dwell", "max")
		case "dwell", "per":
			c.times("1m", "5m", "1h")
		}
	case "return":
		switch c.last(1) {
		case "return", ",":
			c.keywords("after", "probe", "never")
		case "after":
			c.times("5m", "10m", "30m")
		}
	case "shift":
		if c.last(1) == "every" {
			c.times("1m", "5m")
		} else if len(c.words) > 1 {
			c.keywords("every")
		}
	case "prefer":
		c.only("health", "latency", "error", "cost", "capacity")
	case "mode":
		c.only("shadow", "approve", "auto")
	}
}

// statement completes within a test.
func (c *completion) statement() {
	if len(c.words) == 0 || c.newLine && c.isComplete() {
		c.forms(syntax.Clauses("test"))
		c.values(syntax.AnyMetric, false)
		return
	}
	if c.depth() > 0 {
		c.matcher(nil)
		return
	}
	switch c.first() {
	case "every":
		c.times("1s", "5s", "15s")
	case "at":
		c.expectation()
	default:
		switch c.last(1) {
		case "is", "counts", ",":
			c.keywords("nothing", "stale", "reset")
		case "for":
			c.times("1m", "5m", "10m")
		default:
			c.keywords("is", "counts", "for")
		}
	}
}

// expectation completes at TIME rule|route|alert NAME is|serves WHAT.
func (c *completion) expectation() {
	switch c.last(1) {
	case "at":
		c.times("1m", "5m", "10m")
	case "rule", "alert":
		c.rules()
	case "route":
		c.routes()
	case "is":
		if len(c.words) > 2 && c.words[2].Text == "alert" {
			c.keywords("sent", "held", "resolved", "not")
		} else {
			c.keywords("inactive", "pending", "firing", "recovering", "unknown")
		}
	case "not":
		c.keywords("sent", "held", "resolved")
	case "serves":
		c.models()
	default:
		switch {
		case len(c.words) == 2:
			c.keywords("rule", "route", "alert")
		case c.words[2].Text == "route":
			c.keywords("serves")
		default:
			c.keywords("is")
		}
	}
}
