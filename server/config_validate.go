package server

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strings"
)

// Validate checks what the form of a configuration can not: it reports every problem it finds, each
// a *ConfigError.
func (c *Config) Validate() error {
	return errors.Join(c.checkListen(), c.checkRules(), c.checkStorage(), c.checkLog(), c.checkTargets(), c.checkUnavailable())
}

func (c *Config) checkListen() error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return c.problem("$.listen", "listen: %q is not HOST:PORT, such as 127.0.0.1:9480", c.Listen)
	}
	if !isLoopback(host) && !c.Auth.enabled() && !c.Insecure {
		return c.problem("$.listen", "listen: %s can be reached from other machines, and everybody there could switch models. "+
			"Set auth.tokens_file, listen on 127.0.0.1, or give --insecure if the network around it is trusted", c.Listen)
	}
	return nil
}

// isLoopback reports whether only this machine reaches host.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// enabled reports whether requests must show who sends them.
func (a Auth) enabled() bool { return a.TokensFile != "" }

func (c *Config) checkRules() error {
	var problems []error
	for i, pattern := range c.Rules {
		if _, err := filepath.Match(pattern, ""); err != nil {
			problems = append(problems, c.problem(fmt.Sprintf("$.rules[%d]", i), "rules: %q is not a file pattern: %v", pattern, err))
		}
	}
	return errors.Join(problems...)
}

func (c *Config) checkStorage() error {
	var problems []error
	s := c.Storage
	if c.Data == "" {
		problems = append(problems, c.problem("$.data", "data: the directory is missing"))
	}
	if s.Retention <= 0 {
		problems = append(problems, c.problem("$.storage.retention", "storage.retention: %s keeps nothing", s.Retention))
	}
	for _, r := range []struct {
		key   string
		value Duration
	}{{"rollup_5m_retention", s.Rollup5mRetention}, {"rollup_1h_retention", s.Rollup1hRetention}} {
		if r.value < 0 {
			problems = append(problems, c.problem("$.storage."+r.key, "storage.%s: %s is negative; 0 keeps no such rollups", r.key, r.value))
		}
	}
	if s.OutOfOrder <= 0 || s.OutOfOrder > s.Retention {
		problems = append(problems, c.problem("$.storage.out_of_order", "storage.out_of_order: %s is not between 1ms and the retention, %s", s.OutOfOrder, s.Retention))
	}
	if s.Limits.MaxSeries < 0 {
		problems = append(problems, c.problem("$.storage.limits.max_series", "storage.limits.max_series: %d is negative", s.Limits.MaxSeries))
	}
	for label, most := range s.Limits.MaxSeriesPerLabel {
		if most <= 0 {
			problems = append(problems, c.problem("$.storage.limits.max_series_per_label", "storage.limits.max_series_per_label.%s: %d lets no series in", label, most))
		}
	}
	return errors.Join(problems...)
}

// logLevel is the level by its name.
func (l Log) logLevel() (level slog.Level, err error) {
	err = level.UnmarshalText([]byte(l.Level))
	return level, err
}

func (c *Config) checkLog() error {
	var problems []error
	if _, err := c.Log.logLevel(); err != nil {
		problems = append(problems, c.problem("$.log.level", "log.level: %q is not one of debug, info, warn, error", c.Log.Level))
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		problems = append(problems, c.problem("$.log.format", "log.format: %q is not text or json", c.Log.Format))
	}
	return errors.Join(problems...)
}

// checkTargets checks who is told: connectors and receivers.
func (c *Config) checkTargets() error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(c.Connectors)) {
		if err := c.Connectors[name].Validate(); err != nil {
			problems = append(problems, c.problem("$.connectors."+name, "connectors.%s.%v", name, err))
		}
	}
	seen := map[string]bool{}
	for i, receiver := range c.Receivers {
		path := fmt.Sprintf("$.receivers[%d]", i)
		if err := receiver.Validate(); err != nil {
			problems = append(problems, c.problem(path, "receivers: %v", err))
		}
		if seen[receiver.Name] {
			problems = append(problems, c.problem(path, "receivers: the name %q is there twice", receiver.Name))
		}
		if strings.Contains(receiver.Name, "#") {
			problems = append(problems, c.problem(path, "receivers: the name %q has a '#', which numbers the addresses of one receiver", receiver.Name))
		}
		seen[receiver.Name] = true
	}
	return errors.Join(problems...)
}

// checkUnavailable refuses settings that this version knows but does not carry out: a server that
// took them and did nothing would be less safe than its operator believes.
func (c *Config) checkUnavailable() error {
	var problems []error
	for _, setting := range []struct {
		path, name string
		set        bool
	}{
		{"$.auth.jwt", "auth.jwt", c.Auth.JWT != JWT{}},
		{"$.auth.web_config", "auth.web_config", c.Auth.WebConfig != ""},
		{"$.alertmanagers", "alertmanagers", len(c.Alertmanagers) > 0},
		{"$.database.url", "database.url", c.Database.URL != ""},
	} {
		if setting.set {
			problems = append(problems, c.problem(setting.path, "%s: this version of Heddle does not support it yet; take it out", setting.name))
		}
	}
	return errors.Join(problems...)
}
