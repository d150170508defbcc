package connector

import (
	"fmt"
	"time"
)

// Config is one entry of `connectors:` in the configuration file.
type Config struct {
	// Type is "file", "webhook" or "pull".
	Type string `yaml:"type"`
	// Path is the document of a file connector.
	Path string `yaml:"path"`
	// URL takes the POSTs of a webhook connector; ReadURL, if set, answers a GET with what it holds
	// ({"epoch":7,"serving":"…"}; the route is added as the query parameter `route`); ProbeURL, if set,
	// takes a POST for each synthetic request.
	URL      string `yaml:"url"`
	ReadURL  string `yaml:"read_url"`
	ProbeURL string `yaml:"probe_url"`
	// SecretFile holds one whsec_… secret a line; the first signs, and so do the others, so that a
	// receiver can change over. Empty: requests are not signed.
	SecretFile string `yaml:"secret_file"`
	// Timeout bounds one attempt; 0: DefaultTimeout.
	Timeout time.Duration `yaml:"timeout"`
	// Acks is how many gateways must acknowledge to a pull connector; 0: 1.
	Acks int `yaml:"acks"`
}

// DefaultTimeout bounds one attempt on a target whose configuration names no other bound. Two
// seconds is what the configuration's own example gives a gateway on the same network.
const DefaultTimeout = 2 * time.Second

// maxTimeout keeps a mistyped bound from holding a switch for hours.
const maxTimeout = 5 * time.Minute

// Validate reports the first thing that is wrong with c, in the words of the configuration file.
func (c Config) Validate() error {
	if c.Timeout < 0 || c.Timeout > maxTimeout {
		return fmt.Errorf("timeout: %s is not between 0s and %s", c.Timeout, maxTimeout)
	}
	foreign := func(keys ...string) error {
		set := map[string]bool{
			"path": c.Path != "", "url": c.URL != "", "read_url": c.ReadURL != "", "probe_url": c.ProbeURL != "",
			"secret_file": c.SecretFile != "", "acks": c.Acks != 0,
		}
		for _, key := range keys {
			if set[key] {
				return fmt.Errorf("%s: a connector of type %s does not take it", key, c.Type)
			}
		}
		return nil
	}
	switch c.Type {
	case "file":
		if c.Path == "" {
			return fmt.Errorf("path: a connector of type file needs the path of its document")
		}
		return foreign("url", "read_url", "probe_url", "secret_file", "acks")
	case "webhook":
		if c.URL == "" {
			return fmt.Errorf("url: a connector of type webhook needs the address it posts to")
		}
		return foreign("path", "acks")
	case "pull":
		if c.Acks < 0 {
			return fmt.Errorf("acks: %d is negative", c.Acks)
		}
		return foreign("path", "url", "read_url", "probe_url", "secret_file")
	case "":
		return fmt.Errorf("type: missing; use file, webhook or pull")
	}
	return fmt.Errorf("type: %q is not known; use file, webhook or pull", c.Type)
}
