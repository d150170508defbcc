package server

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// settleTime is how long files must rest before they are read: an editor writes in several steps.
	settleTime = 100 * time.Millisecond
	// lookEvery is how often files are looked at where no notification comes: directories that were
	// not there at first, network file systems.
	lookEvery = 5 * time.Second
)

// watch loads the rule files when they change, until ctx ends.
func (r *ruleFiles) watch(ctx context.Context) error {
	var events <-chan fsnotify.Event
	var failures <-chan error
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		r.server.logger.Warn("rule files are only looked at from time to time", "every", lookEvery, "err", err)
	} else {
		defer watcher.Close()
		events, failures = watcher.Events, watcher.Errors
	}
	r.addDirectories(watcher)
	timer := time.NewTimer(lookEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-events:
			timer.Reset(settleTime)
		case err := <-failures:
			r.server.logger.Warn("watching the rule files", "err", err)
		case <-timer.C:
			r.addDirectories(watcher)
			r.loadIfChanged(ctx)
			timer.Reset(lookEvery)
		}
	}
}

// addDirectories watches the directories of the patterns that are there; adding one again is nothing.
// The watcher may be nil.
func (r *ruleFiles) addDirectories(watcher *fsnotify.Watcher) {
	if watcher == nil {
		return
	}
	patterns := slices.Clone(r.server.config.Rules)
	if file := r.server.config.ThresholdsFile(); file != "" {
		patterns = append(patterns, file)
	}
	for _, pattern := range patterns {
		directories, err := filepath.Glob(filepath.Dir(pattern))
		if err != nil {
			continue // Validate has told of a bad pattern
		}
		for _, directory := range directories {
			// One that can not be watched is looked at.
			_ = watcher.Add(directory)
		}
	}
}

// loadIfChanged loads the files if they are not those that were read last, or can not be read for a
// reason that is new.
func (r *ruleFiles) loadIfChanged(ctx context.Context) {
	files, err := r.readFiles()
	r.mu.Lock()
	known := slices.Equal(files, r.files)
	if err != nil {
		known = r.failure != nil && r.failure.Error() == err.Error()
	}
	r.mu.Unlock()
	if known {
		return
	}
	if err := r.load(ctx); err != nil {
		r.server.logger.Error("the changed rule files do not load; the rules in force stay", "err", err)
	}
}
