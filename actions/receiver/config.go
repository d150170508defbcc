package receiver

import (
	"fmt"
	"time"
)

// Config is one entry of `receivers:` in the configuration file.
type Config struct {
	Name string `yaml:"name"`
	// Default makes it a receiver of every alert whose rule names none, and of the alerts that Heddle
	// raises about itself.
	Default        bool      `yaml:"default"`
	SignedWebhooks []Webhook `yaml:"signed_webhook_configs"`
	Logs           []Log     `yaml:"log_configs"`
}

// Webhook is one address of a receiver, told by signed webhook.
type Webhook struct {
	URL        string        `yaml:"url"`
	SecretFile string        `yaml:"secret_file"`
	Timeout    time.Duration `yaml:"timeout"`
}

// Log writes each notification to the server's log.
type Log struct {
	// Level is "info" or "warn"; empty: "warn".
	Level string `yaml:"level"`
}

// DefaultTimeout bounds one attempt to deliver; people's tools are slower than gateways.
const DefaultTimeout = 10 * time.Second

const maxTimeout = 5 * time.Minute

// Validate reports the first thing that is wrong with c, in the words of the configuration file.
func (c Config) Validate() error {
	if c.Name == "" {
		return fmt.Errorf("name: a receiver needs a name, so that rules can say `notify NAME`")
	}
	if len(c.SignedWebhooks)+len(c.Logs) == 0 {
		return fmt.Errorf("receiver %q tells nobody: give it signed_webhook_configs or log_configs", c.Name)
	}
	for i, w := range c.SignedWebhooks {
		if w.URL == "" {
			return fmt.Errorf("receiver %q: signed_webhook_configs[%d].url: missing", c.Name, i)
		}
		if w.Timeout < 0 || w.Timeout > maxTimeout {
			return fmt.Errorf("receiver %q: signed_webhook_configs[%d].timeout: %s is not between 0s and %s", c.Name, i, w.Timeout, maxTimeout)
		}
	}
	for i, l := range c.Logs {
		if l.Level != "" && l.Level != "info" && l.Level != "warn" {
			return fmt.Errorf("receiver %q: log_configs[%d].level: %q is not info or warn", c.Name, i, l.Level)
		}
	}
	return nil
}
