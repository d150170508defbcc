package server

import (
	"time"

	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/actions/receiver"
)

// Config is the configuration file. Every field may be left out; DefaultConfig says what then holds.
// Paths are relative to the file's directory.
type Config struct {
	// Listen is HOST:PORT. Other hosts than the loopback need Auth, or Insecure.
	Listen string `yaml:"listen"`
	// Data is the directory for all that is kept.
	Data string `yaml:"data"`
	// Rules are patterns of rule files, as of filepath.Glob.
	Rules []string `yaml:"rules"`
	// Thresholds is a performance_thresholds.yml; see ThresholdsFile.
	Thresholds    string                      `yaml:"thresholds"`
	Auth          Auth                        `yaml:"auth"`
	Storage       Storage                     `yaml:"storage"`
	Connectors    map[string]connector.Config `yaml:"connectors"`
	Receivers     []receiver.Config           `yaml:"receivers"`
	Alertmanagers []string                    `yaml:"alertmanagers"`
	Database      Database                    `yaml:"database"`
	// Insecure lets a server without Auth listen on any address.
	Insecure bool `yaml:"insecure"`
	Log      Log  `yaml:"log"`

	// source and file are where the configuration was read from; empty without a file.
	source []byte
	file   string
}

// Auth says who may use the API. Without any of it everybody may who reaches the address.
type Auth struct {
	// TokensFile lists bearer tokens (see Tokens).
	TokensFile string `yaml:"tokens_file"`
	JWT        JWT    `yaml:"jwt"`
	// WebConfig is a web configuration file in the form of Prometheus's exporter-toolkit.
	WebConfig string `yaml:"web_config"`
}

// JWT says which JSON web tokens are accepted.
type JWT struct {
	JWKSURL  string `yaml:"jwks_url"`
	Issuer   string `yaml:"issuer"`
	Audience string `yaml:"audience"`
}

// Storage says how the store behaves.
type Storage struct {
	// Retention is how long samples are kept.
	Retention Duration `yaml:"retention"`
	// Rollup5mRetention and Rollup1hRetention are how long samples are kept rolled up, to five minutes
	// and to an hour; 0 is not at all.
	Rollup5mRetention Duration `yaml:"rollup_5m_retention"`
	Rollup1hRetention Duration `yaml:"rollup_1h_retention"`
	// RetentionSize bounds the blocks on disk; 0 is no limit.
	RetentionSize Size `yaml:"retention_size"`
	// OutOfOrder is how far behind its series' newest sample a sample may come.
	OutOfOrder Duration `yaml:"out_of_order"`
	// WALSync is how often the log is made durable against power loss; "always" is before every
	// acknowledgement.
	WALSync SyncInterval `yaml:"wal_sync"`
	// Limits bound the number of series.
	Limits StorageLimits `yaml:"limits"`
}

// StorageLimits bound the number of series; known series are never refused.
type StorageLimits struct {
	// MaxSeries bounds all of them; 0 is no limit.
	MaxSeries int `yaml:"max_series"`
	// MaxSeriesPerLabel bounds, for each named label, how many series one of its values may have.
	MaxSeriesPerLabel map[string]int `yaml:"max_series_per_label"`
}

// Database is the platform's PostgreSQL.
type Database struct {
	URL string `yaml:"url"`
}

// Log says how much the server writes to its log, and how.
type Log struct {
	// Level is debug, info, warn or error.
	Level string `yaml:"level"`
	// Format is text or json.
	Format string `yaml:"format"`
}

// DefaultConfig is what holds without a configuration file.
func DefaultConfig() *Config {
	return &Config{
		Listen: "127.0.0.1:9480",
		Data:   "data",
		Rules:  []string{"rules/*.rules"},
		Storage: Storage{
			Retention:         Duration(30 * 24 * time.Hour),
			Rollup5mRetention: Duration(365 * 24 * time.Hour),
			Rollup1hRetention: Duration(5 * 365 * 24 * time.Hour),
			OutOfOrder:        Duration(30 * time.Minute),
			WALSync:           SyncInterval(100 * time.Millisecond),
		},
		Log: Log{Level: "info", Format: "text"},
	}
}
