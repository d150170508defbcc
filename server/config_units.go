package server

import (
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/prometheus/common/model"
)

// Duration is a time span as Prometheus writes it: 100ms, 30m, 30d.
type Duration time.Duration

// UnmarshalText reads a duration.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := model.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 30m or 30d", text)
	}
	*d = Duration(parsed)
	return nil
}

// UnmarshalYAML reads a duration from a configuration file.
func (d *Duration) UnmarshalYAML(node ast.Node) error {
	return unmarshalScalar(node, d.UnmarshalText)
}

func (d Duration) String() string { return model.Duration(d).String() }

// orNever returns the duration as the store wants it, where negative is not at all and 0 a default.
func (d Duration) orNever() time.Duration {
	if d == 0 {
		return -1
	}
	return time.Duration(d)
}

// SyncInterval is a Duration, or "always", which is negative.
type SyncInterval time.Duration

// UnmarshalText reads an interval.
func (s *SyncInterval) UnmarshalText(text []byte) error {
	if string(text) == "always" {
		*s = -1
		return nil
	}
	var d Duration
	if err := d.UnmarshalText(text); err != nil || d == 0 {
		return fmt.Errorf("%q is neither a duration such as 100ms nor \"always\"", text)
	}
	*s = SyncInterval(d)
	return nil
}

// UnmarshalYAML reads an interval from a configuration file.
func (s *SyncInterval) UnmarshalYAML(node ast.Node) error {
	return unmarshalScalar(node, s.UnmarshalText)
}

// Size is a number of bytes: 0, 512MiB, 20GB.
type Size int64

// UnmarshalText reads a size.
func (s *Size) UnmarshalText(text []byte) error {
	bytes, err := humanize.ParseBytes(string(text))
	if err != nil || bytes > 1<<62 {
		return fmt.Errorf("%q is not a size such as 512MiB or 20GB", text)
	}
	*s = Size(bytes)
	return nil
}

// UnmarshalYAML reads a size from a configuration file.
func (s *Size) UnmarshalYAML(node ast.Node) error {
	return unmarshalScalar(node, s.UnmarshalText)
}

// unmarshalScalar has parse read a YAML scalar; its error is shown with the line.
func unmarshalScalar(node ast.Node, parse func([]byte) error) error {
	scalar, ok := node.(ast.ScalarNode)
	if !ok {
		return &yaml.SyntaxError{Message: "this is not a single value", Token: node.GetToken()}
	}
	if err := parse([]byte(scalar.GetToken().Value)); err != nil {
		return &yaml.SyntaxError{Message: err.Error(), Token: node.GetToken()}
	}
	return nil
}
