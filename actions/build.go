package actions

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"

	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/actions/connector/file"
	"github.com/neuroweaver/heddle/actions/connector/pull"
	connectorhook "github.com/neuroweaver/heddle/actions/connector/webhook"
	"github.com/neuroweaver/heddle/actions/receiver"
	receiverlog "github.com/neuroweaver/heddle/actions/receiver/log"
	receiverhook "github.com/neuroweaver/heddle/actions/receiver/webhook"
)

// BuildConnectors makes the connectors of a configuration file. It reports all mistakes at once.
func BuildConnectors(configs map[string]connector.Config) (map[string]connector.Connector, error) {
	built := make(map[string]connector.Connector, len(configs))
	paths := map[string]string{}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(configs)) {
		c, err := buildConnector(configs[name])
		if err == nil {
			if document, ok := c.(*file.Connector); ok {
				if other := paths[document.Path()]; other != "" {
					err = fmt.Errorf("path: connector %s writes the same file; let the routes share one connector", other)
				}
				paths[document.Path()] = name
			}
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("connector %s: %w", name, err))
			continue
		}
		built[name] = c
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return built, nil
}

func buildConnector(c connector.Config) (connector.Connector, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	switch c.Type {
	case "file":
		return file.New(c.Path)
	case "webhook":
		return connectorhook.New(c)
	default: // Validate knows no other
		return pull.New(c.Acks), nil
	}
}

// BuildReceivers makes the receivers of a configuration file, by the names that Options.Receivers
// wants, and lists the default ones. It reports all mistakes at once.
func BuildReceivers(configs []receiver.Config, log *slog.Logger) (byName map[string]receiver.Receiver, defaults []string, err error) {
	byName = map[string]receiver.Receiver{}
	var errs []error
	for _, c := range configs {
		if err := c.Validate(); err != nil {
			errs = append(errs, err)
			continue
		}
		if byName[c.Name] != nil {
			errs = append(errs, fmt.Errorf("receiver %s: there are two of this name", c.Name))
			continue
		}
		var addresses []receiver.Receiver
		for i, hook := range c.SignedWebhooks {
			r, err := receiverhook.New(hook)
			if err != nil {
				errs = append(errs, fmt.Errorf("receiver %s: signed_webhook_configs[%d]: %w", c.Name, i, err))
				continue
			}
			addresses = append(addresses, r)
		}
		for _, l := range c.Logs {
			addresses = append(addresses, receiverlog.New(log, l))
		}
		for n, r := range addresses {
			byName[laneName(c.Name, n)] = r
		}
		if c.Default {
			defaults = append(defaults, c.Name)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, nil, err
	}
	return byName, defaults, nil
}

// laneName is the name of a receiver's n-th address: "oncall", "oncall#2", "oncall#3".
func laneName(receiver string, n int) string {
	if n == 0 {
		return receiver
	}
	return fmt.Sprintf("%s#%d", receiver, n+1)
}

// closeAll closes those that hold connections.
func closeAll[T any](parts map[string]T) error {
	var errs []error
	for _, part := range parts {
		if c, ok := any(part).(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}
