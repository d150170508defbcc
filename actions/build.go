package actions

import (
	"errors"
	"log/slog"

	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/actions/receiver"
)

// BuildConnectors makes the connectors of a configuration file.
func BuildConnectors(configs map[string]connector.Config) (map[string]connector.Connector, error) {
	return nil, errors.ErrUnsupported
}

// BuildReceivers makes the receivers of a configuration file, by the names that Options.Receivers
// wants, and lists the default ones.
func BuildReceivers(configs []receiver.Config, log *slog.Logger) (byName map[string]receiver.Receiver, defaults []string, err error) {
	return nil, nil, errors.ErrUnsupported
}
