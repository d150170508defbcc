// Package thresholds turns a file of plain thresholds (performance_thresholds.yml) into a rule file:
// what somebody who wants no more than a few limits writes, and what it stands for.
//
//	model_performance:
//	  accuracy:     {warning_threshold: 0.85, critical_threshold: 0.75}
//	  latency:      {warning_threshold_ms: 2000, critical_threshold_ms: 5000}
//	  success_rate: {warning_threshold: 0.95, critical_threshold: 0.90}
//	alert_settings:
//	  evaluation_window_minutes: 10
//	  min_requests_for_evaluation: 50
//	  alert_cooldown_minutes: 15
//
// Every part may be missing: without a threshold there is no rule, and the settings have the
// values above.
package thresholds

import (
	"strconv"
	"strings"

	"github.com/neuroweaver/heddle/rules/syntax"
)

// Settings are the thresholds of a file; nil is none.
type Settings struct {
	AccuracyWarning, AccuracyCritical       *float64 // shares; alarm below
	LatencyWarningMS, LatencyCriticalMS     *float64 // milliseconds; alarm above
	SuccessRateWarning, SuccessRateCritical *float64 // shares; alarm below
	WindowMinutes, MinRequests              float64
	CooldownMinutes                         float64
}

// Rules returns the rule file that the thresholds in a YAML text stand for. name is the file's name
// in errors. A model that is critical is unfit for each of the given routes.
func Rules(name, source string, routes []string) (rules string, errs syntax.Errors) {
	settings, errs := parse(name, source)
	if len(errs) > 0 {
		return "", errs
	}
	var b strings.Builder
	b.WriteString("# What " + baseName(name) + " stands for.\n")
	b.WriteString("use \"heddle\"\n")
	for _, l := range settings.levels() {
		l.write(&b, settings, routes)
	}
	file, errs := syntax.Parse(name, b.String())
	if len(errs) > 0 {
		return "", errs
	}
	return syntax.Format(file), nil
}

// level is one threshold as a rule.
type level struct {
	name, severity string
	// value is what is measured, over the window w; sign says on which side of limit it is bad.
	value, sign, limit string
	// summary follows "{model}: " and ends before the limit.
	summary string
}

func (s Settings) levels() (levels []level) {
	add := func(name, severity, value, sign string, limit *float64, text func(float64) string, summary string) {
		if limit != nil {
			levels = append(levels, level{name + "_" + severity, severity, value, sign, text(*limit), summary})
		}
	}
	// The score of a window is the mean over all requests that were judged in it.
	const accuracy, latency, failed = "ratio(score_sum, scores, W)", "p95(latency, W)", "ratio(failures, requests, W)"
	remainder := func(share float64) string { return percent(1 - share) }
	add("accuracy", "warning", accuracy, "<", s.AccuracyWarning, percent, "mean score "+accuracy+", below")
	add("accuracy", "critical", accuracy, "<", s.AccuracyCritical, percent, "mean score "+accuracy+", below")
	add("latency", "warning", latency, ">", s.LatencyWarningMS, milliseconds, "p95 latency "+latency+", above")
	add("latency", "critical", latency, ">", s.LatencyCriticalMS, milliseconds, "p95 latency "+latency+", above")
	add("success_rate", "warning", failed, ">", s.SuccessRateWarning, remainder, "failed requests "+failed+", above")
	add("success_rate", "critical", failed, ">", s.SuccessRateCritical, remainder, "failed requests "+failed+", above")
	return levels
}

func (l level) write(b *strings.Builder, s Settings, routes []string) {
	window := number(s.WindowMinutes) + "m"
	over := func(text string) string { return strings.ReplaceAll(text, "W)", window+")") }
	back := map[string]string{"<": ">=", ">": "<="}[l.sign]
	b.WriteString("\nrule " + l.name + " on model {\n")
	b.WriteString("when " + over(l.value) + " " + l.sign + " " + l.limit + "\n")
	if s.MinRequests > 0 {
		b.WriteString("require increase(requests, " + window + ") >= " + number(s.MinRequests) + "\n")
	}
	// A value that hovers at its limit would fire and resolve with every sample.
	b.WriteString("recover " + over(l.value) + " " + back + " " + l.limit + " for 1m\n")
	b.WriteString("severity " + l.severity + "\n")
	summary := strings.ReplaceAll(over(l.summary), over(l.value), "{"+over(l.value)+"}")
	b.WriteString("summary \"{model}: " + summary + " " + l.limit + "\"\n")
	if s.CooldownMinutes > 0 {
		b.WriteString("dedup by model for " + number(s.CooldownMinutes) + "m\n")
	}
	if l.severity == "critical" && len(routes) > 0 {
		b.WriteString("switch " + strings.Join(routes, ", ") + "\n")
	}
	b.WriteString("}\n")
}

// number writes a number without the noise of its last bits.
func number(v float64) string {
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 12, 64), 64)
	return strconv.FormatFloat(v, 'f', -1, 64)
}

func percent(share float64) string { return number(share*100) + "%" }

func milliseconds(ms float64) string {
	if ms >= 1000 && ms == float64(int64(ms)) && int64(ms)%100 == 0 {
		return number(ms/1000) + "s"
	}
	return number(ms) + "ms"
}

func baseName(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }
