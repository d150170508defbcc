package server

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/goccy/go-yaml"
)

// ConfigError says what is wrong in a configuration, where, and what to do.
type ConfigError struct {
	// File is the configuration file; empty where there is none.
	File string
	// Problem is for people; where the file is at fault it shows the line.
	Problem string
}

func (e *ConfigError) Error() string {
	if e.File == "" {
		return e.Problem
	}
	return e.File + ": " + e.Problem
}

// LoadConfig reads a configuration file over the defaults. It checks the form; Validate checks the
// meaning, after flags have been applied. Errors are *ConfigError, or that the file is not readable.
func LoadConfig(file string) (*Config, error) {
	source, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return ParseConfig(file, source)
}

// ParseConfig reads the text of a configuration file; file is its name.
func ParseConfig(file string, source []byte) (*Config, error) {
	c := DefaultConfig()
	c.file, c.source = file, source
	// An empty document would be taken for "no value at all", and clear the defaults.
	var anything any
	if err := yaml.Unmarshal(source, &anything); err != nil || anything != nil {
		decoder := yaml.NewDecoder(bytes.NewReader(source), yaml.Strict())
		if err := decoder.Decode(c); err != nil {
			return nil, &ConfigError{file, yaml.FormatError(err, false, true)}
		}
	}
	c.resolvePaths(filepath.Dir(file))
	return c, nil
}

// File is where the configuration was read from; empty without a file.
func (c *Config) File() string { return c.file }

// usualThresholds is the file of thresholds that is used, if it is there, where the configuration names
// none.
const usualThresholds = "performance_thresholds.yml"

// ThresholdsFile is the file of thresholds: the one that the configuration names, or else
// performance_thresholds.yml beside it if there is one; empty: none.
func (c *Config) ThresholdsFile() string {
	if c.Thresholds != "" {
		return c.Thresholds
	}
	usual := filepath.Join(filepath.Dir(c.file), usualThresholds)
	if _, err := os.Stat(usual); err != nil {
		return ""
	}
	return usual
}

// resolvePaths makes paths that are relative to the file's directory relative to the process's.
func (c *Config) resolvePaths(dir string) {
	resolve := func(path *string) {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(dir, *path)
		}
	}
	resolve(&c.Data)
	resolve(&c.Thresholds)
	resolve(&c.Auth.TokensFile)
	resolve(&c.Auth.WebConfig)
	c.Rules = slices.Clone(c.Rules)
	for i := range c.Rules {
		resolve(&c.Rules[i])
	}
	for name, connector := range c.Connectors {
		resolve(&connector.Path)
		resolve(&connector.SecretFile)
		c.Connectors[name] = connector
	}
	for i := range c.Receivers {
		for j := range c.Receivers[i].SignedWebhooks {
			resolve(&c.Receivers[i].SignedWebhooks[j].SecretFile)
		}
	}
}

// problem is a ConfigError about the value at a YAML path ("$.storage.retention"); where the file has
// it, its line is shown.
func (c *Config) problem(path, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	at, err := yaml.PathString(path)
	if err != nil || len(c.source) == 0 {
		return &ConfigError{"", text}
	}
	if shown, err := at.AnnotateSource(c.source, false); err == nil {
		return &ConfigError{c.file, text + "\n" + string(shown)}
	}
	return &ConfigError{c.file, text}
}
