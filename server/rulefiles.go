package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/neuroweaver/heddle/rules"
	"github.com/neuroweaver/heddle/rules/load"
	"github.com/neuroweaver/heddle/rules/syntax"
)

// ruleFiles puts rule files in force. A load that fails changes nothing: the rules in force stay,
// also over a restart, for which the data directory keeps a copy of the last good files.
type ruleFiles struct {
	server *Server

	// mu guards what follows, and makes loads wait for each other. The engine's and the action
	// layer's locks are taken under it.
	mu       sync.Mutex
	files    load.Set // last read, whether good or not
	inForce  load.Set // what program was made of
	program  *rules.Program
	loadedAt time.Time
	failure  error // of the last load; nil: it was good

	succeeded   prometheus.Gauge
	succeededAt prometheus.Gauge
}

func newRuleFiles(s *Server) *ruleFiles {
	factory := promauto.With(s.registry)
	return &ruleFiles{
		server: s,
		succeeded: factory.NewGauge(prometheus.GaugeOpts{
			Name: "heddle_rules_last_load_successful",
			Help: "1 when the rule files on disk are in force, 0 when they did not load and older rules are.",
		}),
		succeededAt: factory.NewGauge(prometheus.GaugeOpts{
			Name: "heddle_rules_last_load_success_timestamp_seconds",
			Help: "When the rules in force were loaded.",
		}),
	}
}

// loadFirst puts rules in force when the server starts. Where the files do not load, the last good
// ones serve on; where there are none, the error says what is wrong.
func (r *ruleFiles) loadFirst(ctx context.Context) error {
	restored := r.server.manager.Instances()
	err := r.loadWith(ctx, restored)
	if err == nil {
		return nil
	}
	kept, keptErr := r.readKept()
	if keptErr != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	program, errs := kept.Compile(rules.CompileOptions{})
	if len(errs) > 0 {
		return err
	}
	r.server.logger.Error("the rule files do not load; the rules that were last in force serve on", "err", err)
	return r.enforce(ctx, kept, program, restored)
}

// load reads the files and puts them in force.
func (r *ruleFiles) load(ctx context.Context) error { return r.loadWith(ctx, nil) }

func (r *ruleFiles) loadWith(ctx context.Context, restored []rules.InstanceState) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.read(ctx, restored)
	r.failure = err
	if err != nil {
		r.succeeded.Set(0)
		return err
	}
	r.succeeded.Set(1)
	r.succeededAt.SetToCurrentTime()
	return nil
}

// read does one load; mu is held.
func (r *ruleFiles) read(ctx context.Context, restored []rules.InstanceState) error {
	files, err := r.readFiles()
	if err != nil {
		return err
	}
	r.files = files
	if err := r.checkEmptied(files); err != nil {
		return err
	}
	program, errs := files.Compile(rules.CompileOptions{})
	if errs = syntax.Join(errs, r.server.config.CheckNames(files)); len(errs) > 0 {
		return errs
	}
	if err := r.enforce(ctx, files, program, restored); err != nil {
		return err
	}
	if err := r.keep(files); err != nil {
		r.server.logger.Warn("the rules are in force, but no copy could be kept for a restart", "err", err)
	}
	r.server.logger.Info("rules are in force", "files", len(files), "rules", len(program.Rules()), "routes", len(program.Routes()))
	if len(files) == 0 {
		r.server.logger.Warn("there are no rules: samples are kept, but nothing is watched; put rule files where the patterns say, or a "+usualThresholds+" here", "rules", r.server.config.Rules)
	}
	return nil
}

// checkEmptied refuses a load in which a pattern that gave rules gives none: a file that was moved
// away, a directory that is not mounted or an editor between two steps of saving would otherwise leave
// all models unwatched. A file with a comment alone says that there are to be none; mu is held.
func (r *ruleFiles) checkEmptied(files load.Set) error {
	for _, pattern := range r.server.config.Rules {
		if hasText(r.inForce, pattern) && !hasText(files, pattern) {
			return fmt.Errorf("rules: there is nothing left in the files that match %s, so the rules in force stay; bring the files back, or, to have no rules there, leave a file with a comment (# none)", pattern)
		}
	}
	isThresholds := func(f load.Source) bool { return f.Thresholds }
	if slices.ContainsFunc(r.inForce, isThresholds) && !slices.ContainsFunc(files, isThresholds) {
		return fmt.Errorf("rules: %s is gone, so the rules in force stay; bring it back, or, to have no thresholds, leave it without settings", usualThresholds)
	}
	return nil
}

// hasText reports whether a rule file that matches the pattern has more than white space.
func hasText(files load.Set, pattern string) bool {
	return slices.ContainsFunc(files, func(f load.Source) bool {
		matches, err := filepath.Match(filepath.Clean(pattern), filepath.FromSlash(f.Name))
		return err == nil && matches && !f.Thresholds && strings.TrimSpace(f.Text) != ""
	})
}

// enforce hands a program, made of files, to the action layer, which must know a rule before the engine decides on
// it, and to the engine; mu is held. When the engine can not take it, the action layer gets back
// what it had.
func (r *ruleFiles) enforce(ctx context.Context, files load.Set, program *rules.Program, restored []rules.InstanceState) error {
	s := r.server
	if err := s.manager.SetRules(program.Routes(), program.Rules()); err != nil {
		return err
	}
	if err := s.engine.Load(ctx, program, restored, s.now()); err != nil {
		if r.program != nil {
			err = errors.Join(err, s.manager.SetRules(r.program.Routes(), r.program.Rules()))
		}
		return err
	}
	r.inForce, r.program, r.loadedAt = files, program, s.now()
	s.clock.wake()
	return nil
}

// readFiles reads the files that the configuration names.
func (r *ruleFiles) readFiles() (load.Set, error) {
	files, err := load.Read(r.server.config.Rules, r.server.config.ThresholdsFile())
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	return files, nil
}

// keptPath is the copy of the last good files.
func (r *ruleFiles) keptPath() string {
	return filepath.Join(r.server.config.Data, "rules-in-force.json")
}

// keep writes the copy, all of it or nothing.
func (r *ruleFiles) keep(files load.Set) error {
	encoded, err := json.Marshal(files)
	if err != nil {
		return err
	}
	temporary := r.keptPath() + ".tmp"
	if err := os.WriteFile(temporary, encoded, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, r.keptPath())
}

func (r *ruleFiles) readKept() (files load.Set, err error) {
	encoded, err := os.ReadFile(r.keptPath())
	if err != nil {
		return nil, err
	}
	return files, json.Unmarshal(encoded, &files)
}

// ruleLoad is what the API says of the rules in force.
type ruleLoad struct {
	Files    []string  `json:"files"`
	Rules    int       `json:"rules"`
	Routes   int       `json:"routes"`
	LoadedAt time.Time `json:"loaded_at"`
	// Error is why the files on disk are not in force; empty when they are.
	Error string `json:"error,omitempty"`
}

// status describes the rules in force, and returns them.
func (r *ruleFiles) status() (ruleLoad, *rules.Program) {
	r.mu.Lock()
	defer r.mu.Unlock()
	load := ruleLoad{Files: []string{}, LoadedAt: r.loadedAt}
	for _, f := range r.files {
		load.Files = append(load.Files, f.Name)
	}
	if r.program != nil {
		load.Rules, load.Routes = len(r.program.Rules()), len(r.program.Routes())
	}
	if r.failure != nil {
		load.Error = r.failure.Error()
	}
	return load, r.program
}
