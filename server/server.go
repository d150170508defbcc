// Package server is Heddle as one process: it opens the store, loads the rules, runs the action layer
// and answers HTTP. It wires; what it wires lives in the other packages.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"github.com/neuroweaver/heddle/actions"
	"github.com/neuroweaver/heddle/ingest"
	"github.com/neuroweaver/heddle/query"
	"github.com/neuroweaver/heddle/rules"
	"github.com/neuroweaver/heddle/tsdb"
)

// Server is a Heddle process. New opens it, Run runs it and closes it.
type Server struct {
	config   *Config
	logger   *slog.Logger
	registry *prometheus.Registry
	now      func() time.Time
	started  time.Time

	listener      net.Listener
	access        *access
	db            *tsdb.DB
	engine        *rules.Engine
	manager       *actions.Manager
	queries       *query.Engine
	ingestMetrics *ingest.Metrics
	observations  *ingest.Observations
	ruleFiles     *ruleFiles
	clock         *clock
}

// New takes the address, opens everything and puts the rules in force. What it opened is closed by
// Run, or by New itself when it fails.
func New(ctx context.Context, config *Config, logger *slog.Logger) (s *Server, err error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	s = &Server{config: config, logger: logger, registry: prometheus.NewRegistry(), now: time.Now, clock: newClock()}
	s.started = s.now()
	s.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.access, err = newAccess(config); err != nil {
		return s, err
	}
	// The address first: when another server has it, nothing is opened.
	if s.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", config.Listen); err != nil {
		return s, fmt.Errorf("can not listen on %s: %w", config.Listen, err)
	}
	if err := s.open(); err != nil {
		return s, err
	}
	return s, s.ruleFiles.loadFirst(ctx)
}

// open opens store, action layer and rule engine and joins them: what the store commits goes to the
// engine, what the engine decides to the action layer.
func (s *Server) open() (err error) {
	if err := os.MkdirAll(s.config.Data, 0o700); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	storage := s.config.Storage
	s.db, err = tsdb.Open(StorePath(s.config.Data), tsdb.Options{
		Commit: func(b *tsdb.Batch) {
			s.engine.Observe(b, s.now())
			s.clock.wake()
		},
		Retention:          time.Duration(storage.Retention),
		Rollup5mRetention:  storage.Rollup5mRetention.orNever(),
		Rollup1hRetention:  storage.Rollup1hRetention.orNever(),
		RetentionSizeBytes: int64(storage.RetentionSize),
		OutOfOrder:         time.Duration(storage.OutOfOrder),
		WALSync:            time.Duration(storage.WALSync),
		MaxSeries:          storage.Limits.MaxSeries,
		MaxSeriesPerLabel:  storage.Limits.MaxSeriesPerLabel,
		Logger:             s.logger.With("part", "tsdb"),
		Registerer:         s.registry,
		Now:                s.now,
	})
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if err := s.openActions(); err != nil {
		return err
	}
	s.engine = rules.NewEngine(rules.Options{
		Notify:     s.manager.Handle,
		Labels:     s.db.Labels,
		Store:      s.db,
		Serving:    s.manager.Serving,
		Logger:     s.logger.With("part", "rules"),
		Registerer: s.registry,
	})
	s.ingestMetrics = ingest.NewMetrics(s.registry)
	s.queries = query.New(s.db, query.Options{Logger: s.logger.With("part", "query"), Registerer: s.registry})
	s.ruleFiles = newRuleFiles(s)
	return nil
}

func (s *Server) openActions() error {
	connectors, err := actions.BuildConnectors(s.config.Connectors)
	if err != nil {
		return fmt.Errorf("connectors: %w", err)
	}
	logger := s.logger.With("part", "actions")
	receivers, defaults, err := actions.BuildReceivers(s.config.Receivers, logger)
	if err != nil {
		return fmt.Errorf("receivers: %w", err)
	}
	s.manager, err = actions.Open(actions.Options{
		Path:             filepath.Join(s.config.Data, journalFile),
		Connectors:       connectors,
		Receivers:        receivers,
		DefaultReceivers: defaults,
		Logger:           logger,
		Registerer:       s.registry,
		Now:              s.now,
	})
	return err
}

// journalFile is the journal's name in the data directory.
const journalFile = "journal.db"

// StorePath is where a data directory has its store.
func StorePath(data string) string { return filepath.Join(data, "tsdb") }

// JournalPath is where a data directory has its journal.
func JournalPath(data string) string { return filepath.Join(data, journalFile) }

// Address is where the server listens.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Reload reads the tokens and the rule files anew. What does not load leaves in force what was.
func (s *Server) Reload(ctx context.Context) error {
	return errors.Join(s.access.reload(), s.ruleFiles.load(ctx))
}

const (
	// stopTimeout is how long requests may take to end when the server stops.
	stopTimeout = 15 * time.Second
	// Slow peers: headers have to come within headerTimeout, a whole request within readTimeout, and
	// its answer be taken within writeTimeout, which is longer than any query may run (2 min).
	headerTimeout = 10 * time.Second
	readTimeout   = time.Minute
	writeTimeout  = 3 * time.Minute
	idleTimeout   = 2 * time.Minute
	// maxHeaderBytes is far above what browsers and gateways send.
	maxHeaderBytes = 64 << 10
)

// Run serves until ctx ends, then stops in order: no new requests, the running ones answered, what
// they brought stored, what was decided journalled. Everything is closed when it returns.
func (s *Server) Run(ctx context.Context) error {
	streams, endStreams := context.WithCancel(context.Background())
	defer endStreams()
	s.observations = ingest.NewObservations(s.db, s.ingestOptions())
	web := &http.Server{
		Handler:           s.handler(streams),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.logger.With("part", "http").Handler(), slog.LevelWarn),
	}
	web.RegisterOnShutdown(endStreams)

	// The layers end one after the other, each once nothing comes from the layer before it.
	inner, endInner := context.WithCancel(context.WithoutCancel(ctx))
	defer endInner()
	layers, failed := errgroup.WithContext(inner)
	layers.Go(func() error { return s.observations.Run(failed) })
	layers.Go(func() error { return s.clock.run(failed, s.engine, s.now) })
	layers.Go(func() error { return s.recall(failed) })
	layers.Go(func() error { return s.ruleFiles.watch(failed) })
	layers.Go(func() error { return s.manager.Run(failed) })

	serving := make(chan error, 1)
	go func() { serving <- web.Serve(limitConnections(s.listener, maxConnections)) }()
	s.logger.Info("heddle is ready", "address", "http://"+s.Address(), "data", s.config.Data,
		"took", s.now().Sub(s.started).Round(time.Millisecond))

	var err error
	select {
	case <-ctx.Done():
	case <-failed.Done():
	case err = <-serving:
	}
	s.logger.Info("stopping")
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if stopErr := web.Shutdown(stopping); stopErr != nil {
		err = errors.Join(err, fmt.Errorf("some requests did not end: %w", stopErr), web.Close())
	}
	endInner()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	err = errors.Join(err, layers.Wait(), s.close())
	s.logger.Info("stopped")
	return err
}

// close closes what is open, in the reverse order of opening.
func (s *Server) close() error {
	var problems []error
	if s.listener != nil {
		if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) {
			problems = append(problems, err)
		}
	}
	if s.queries != nil {
		problems = append(problems, s.queries.Close())
	}
	if s.manager != nil {
		problems = append(problems, s.manager.Close())
	}
	if s.db != nil {
		problems = append(problems, s.db.Close())
	}
	return errors.Join(problems...)
}
