package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/neuroweaver/heddle/server"
)

// ServeCmd runs the server. A flag overrides its variable, which overrides the configuration file,
// which overrides the defaults.
type ServeCmd struct {
	Config        string               `placeholder:"heddle.yml" type:"path" env:"HEDDLE_CONFIG" help:"Configuration file. Without it heddle.yml here is read, if there is one."`
	Data          string               `placeholder:"DIR" type:"path" env:"HEDDLE_DATA" help:"Directory for all that is kept (./data)."`
	Listen        string               `placeholder:"HOST:PORT" env:"HEDDLE_LISTEN" help:"Address to listen on (127.0.0.1:9480)."`
	Rules         []string             `placeholder:"GLOB" sep:"," env:"HEDDLE_RULES" help:"Rule files; may repeat (rules/*.rules)."`
	Thresholds    string               `placeholder:"FILE" type:"path" env:"HEDDLE_THRESHOLDS" help:"File of thresholds, which are rules, too (performance_thresholds.yml, if there is one)."`
	TokensFile    string               `placeholder:"FILE" type:"path" env:"HEDDLE_TOKENS_FILE" help:"Bearer tokens; with it the API asks for one."`
	Insecure      bool                 `env:"HEDDLE_INSECURE" help:"Listen beyond this machine without authentication."`
	Retention     *server.Duration     `placeholder:"30d" env:"HEDDLE_RETENTION" help:"How long samples are kept."`
	RetentionSize *server.Size         `placeholder:"20GB" env:"HEDDLE_RETENTION_SIZE" help:"How much the blocks may take on disk."`
	OutOfOrder    *server.Duration     `placeholder:"30m" env:"HEDDLE_OUT_OF_ORDER" help:"How late a sample may come."`
	WALSync       *server.SyncInterval `name:"wal-sync" placeholder:"100ms" env:"HEDDLE_WAL_SYNC" help:"How often the log is made safe against power loss; 'always' is before every answer."`
	LogLevel      string               `placeholder:"info" env:"HEDDLE_LOG_LEVEL" help:"debug, info, warn or error."`
	LogFormat     string               `placeholder:"text" env:"HEDDLE_LOG_FORMAT" help:"text or json."`
}

// Help shows examples.
func (ServeCmd) Help() string {
	return `Examples:
  heddle serve
      on 127.0.0.1:9480, with ./data, ./rules/*.rules and ./performance_thresholds.yml
  heddle serve --config /etc/heddle/heddle.yml
  heddle serve --rules 'rules/*.rules' --data /var/lib/heddle --retention 90d
  HEDDLE_LISTEN=0.0.0.0:9480 heddle serve --tokens-file tokens.yml

SIGHUP, POST /-/reload or a changed rule file load the rules anew; when they have
mistakes, the rules in force stay. SIGINT and SIGTERM stop it in order.`
}

// gcPercent is Go's GOGC unless the environment sets it: how much garbage there may be, in percent of
// what is in use. Nearly all of the heap is what the store keeps. Against the usual 100, it takes 0.7 of
// the peak memory of `heddle bench storage --full`; its processor time does not differ beyond the noise.
const gcPercent = 40

// Run serves until the context ends.
func (c ServeCmd) Run(env *Env) error {
	config, err := c.configuration()
	if err != nil {
		return err
	}
	if err := config.Validate(); err != nil {
		return err
	}
	logger := newLogger(env, config.Log)
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(gcPercent)
	}
	s, err := server.New(env.Ctx, config, logger)
	if err != nil {
		return err
	}
	stop := reloadOnHangup(env.Ctx, s, logger)
	defer stop()
	return s.Run(env.Ctx)
}

// configuration is the file's, or the defaults', with what flags and variables say on top.
func (c ServeCmd) configuration() (*server.Config, error) {
	config := server.DefaultConfig()
	file := c.Config
	if file == "" {
		file = "heddle.yml"
	}
	loaded, err := server.LoadConfig(file)
	switch {
	case err == nil:
		config = loaded
	case c.Config != "" || !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	override(&config.Data, c.Data)
	override(&config.Listen, c.Listen)
	override(&config.Thresholds, c.Thresholds)
	override(&config.Auth.TokensFile, c.TokensFile)
	override(&config.Log.Level, c.LogLevel)
	override(&config.Log.Format, c.LogFormat)
	if len(c.Rules) > 0 {
		config.Rules = c.Rules
	}
	config.Insecure = config.Insecure || c.Insecure
	overrideIfSet(&config.Storage.Retention, c.Retention)
	overrideIfSet(&config.Storage.RetentionSize, c.RetentionSize)
	overrideIfSet(&config.Storage.OutOfOrder, c.OutOfOrder)
	overrideIfSet(&config.Storage.WALSync, c.WALSync)
	return config, nil
}

func override(field *string, value string) {
	if value != "" {
		*field = value
	}
}

func overrideIfSet[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// newLogger writes to the standard error stream.
func newLogger(env *Env, log server.Log) *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	var level slog.Level
	if level.UnmarshalText([]byte(log.Level)) == nil {
		options.Level = level
	}
	if log.Format == "json" {
		return slog.New(slog.NewJSONHandler(env.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(env.Stderr, options))
}

// reloadOnHangup loads the rules anew on SIGHUP, until stop.
func reloadOnHangup(ctx context.Context, s *server.Server, logger *slog.Logger) (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-hangups:
				if err := s.Reload(ctx); err != nil {
					logger.Error("not all could be reloaded; what was in force stays", "err", err)
				}
			}
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(done)
		<-ended
	}
}
