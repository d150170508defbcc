// Package demo tells Heddle's main job as a story: real calls of a real model that got worse, replayed
// with the arrival times of real traffic against a real server process. A gateway that follows the
// route is played; nothing else is.
package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/child"
	"github.com/neuroweaver/heddle/examples"
)

// The names of the story. The models stand in this order in examples/demo.rules.
const (
	routeName = "chat"
	primary   = "gpt-4"
	backup    = "gpt-3.5-turbo"

	snapshotMarch  = "gpt-4-0314"
	snapshotJune   = "gpt-4-0613"
	snapshotBackup = "gpt-3.5-turbo-0613"
)

// How long the steps of the story take on the clock on the wall, a minute of recorded traffic a second.
const (
	healthyFor  = 8 * time.Second // before the snapshot changes
	degradedFor = 6 * time.Second // from the switch until somebody brings the old snapshot back
	returnedFor = 3 * time.Second // after the return, to see it last
	// stepLimit bounds the wait for a switch: the rules need three seconds of evidence to leave and
	// eight to return.
	stepLimit = 15 * time.Second
	// Usual is about how long the story takes, for a progress bar.
	Usual = healthyFor + 3*time.Second + degradedFor + 8*time.Second + returnedFor
)

// Options say where the demo runs. All are required.
type Options struct {
	// Program is the heddle binary.
	Program string
	// Dir is an empty directory; everything is written there.
	Dir string
	// Started is told the server's address as soon as it answers.
	Started func(url string)
	// Progress is told again and again how things stand.
	Progress func(Progress)
}

// Progress is how things stand in a running demo.
type Progress struct {
	Elapsed time.Duration
	// Serving is the model that answers.
	Serving string
	// Right is the share of right answers that users got in the last three seconds.
	Right float64
}

// errNoStory reports that Heddle did not do what the demo is there to show.
var errNoStory = errors.New("the story did not happen")

// Run plays the story once and returns what happened. The server has ended when it returns.
func Run(ctx context.Context, o Options) (story *Story, err error) {
	recording, err := parseRecording(examples.LLMDriftPrime, examples.AzureArrivals)
	if err != nil {
		return nil, fmt.Errorf("the recording: %w", err)
	}
	server, url, err := startServer(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	o.Started(url)

	g := &gateway{
		url: url, recording: recording, client: &http.Client{},
		serving:  primary,
		snapshot: map[string]string{primary: snapshotMarch, backup: snapshotBackup},
	}
	story = &Story{Start: time.Now()}
	playing, end := context.WithCancel(ctx)
	defer end()
	parts, failed := errgroup.WithContext(playing)
	moved := make(chan string, 1) // the model that the route serves now
	parts.Go(func() error { return g.run(failed, story.Start) })
	parts.Go(func() error {
		return g.follow(failed, routeName, func(status routeStatus) {
			select { // the newest alone counts
			case <-moved:
			default:
			}
			moved <- status.Serving
		})
	})
	parts.Go(func() error { reportProgress(failed, g, story.Start, o.Progress); return nil })
	parts.Go(func() error {
		select {
		case <-server.Ended():
			return fmt.Errorf("the server ended:\n%s", server.LastLines())
		case <-failed.Done():
			return nil
		}
	})
	parts.Go(func() error {
		defer end()
		return story.play(failed, g, moved)
	})
	if err := parts.Wait(); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	story.End = time.Now()
	story.outcomes = g.taken()
	return story, story.collect(ctx, url)
}

// play has the primary's snapshot change and change back, and waits each time for the route to follow.
func (s *Story) play(ctx context.Context, g *gateway, moved <-chan string) error {
	if err := stays(ctx, primary, moved, healthyFor); err != nil {
		return err
	}
	s.Degraded = time.Now()
	g.setSnapshot(primary, snapshotJune)
	if err := goes(ctx, backup, moved); err != nil {
		return err
	}
	if err := stays(ctx, backup, moved, degradedFor); err != nil {
		return err
	}
	s.Restored = time.Now()
	g.setSnapshot(primary, snapshotMarch)
	if err := goes(ctx, primary, moved); err != nil {
		return err
	}
	return stays(ctx, primary, moved, returnedFor)
}

// stays waits for d; the route must serve the model all the while.
func stays(ctx context.Context, model string, moved <-chan string, d time.Duration) error {
	over := time.After(d)
	for {
		select {
		case now := <-moved:
			if now != model {
				return fmt.Errorf("%w: the route left %s for %s without need", errNoStory, model, now)
			}
		case <-over:
			return nil
		case <-ctx.Done():
			return nil // what ended it is told by whoever did
		}
	}
}

// goes waits until the route serves the model.
func goes(ctx context.Context, model string, moved <-chan string) error {
	limit := time.After(stepLimit)
	for {
		select {
		case now := <-moved:
			if now == model {
				return nil
			}
		case <-limit:
			return fmt.Errorf("%w: the route did not go to %s within %v", errNoStory, model, stepLimit)
		case <-ctx.Done():
			return nil
		}
	}
}

// config is the demo's heddle.yml: the route is written to a file beside it.
const config = `listen: %s
data: data
rules: [demo.rules]
connectors:
  state: {type: file, path: routes.json}
`

// startServer writes configuration and rules and starts `heddle serve` on them.
func startServer(ctx context.Context, o Options) (server *child.Process, url string, err error) {
	address, err := child.FreeAddress()
	if err != nil {
		return nil, "", err
	}
	files := map[string][]byte{"demo.rules": examples.DemoRules, "heddle.yml": fmt.Appendf(nil, config, address)}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(o.Dir, name), text, 0o600); err != nil {
			return nil, "", err
		}
	}
	url = "http://" + address
	server, err = child.Start(ctx, o.Dir, url+"/-/ready", o.Program, "serve", "--config", "heddle.yml")
	return server, url, err
}

// reportProgress tells how things stand five times a second until ctx ends.
func reportProgress(ctx context.Context, g *gateway, start time.Time, tell func(Progress)) {
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			outcomes := g.taken()
			if len(outcomes) == 0 {
				continue
			}
			tell(Progress{
				Elapsed: now.Sub(start),
				Serving: outcomes[len(outcomes)-1].model,
				Right:   shareRight(between(outcomes, now.Add(-3*time.Second), now)),
			})
		case <-ctx.Done():
			return
		}
	}
}
