package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	// speedup is how much denser requests arrive than they did: a minute of the recording in a second.
	speedup = 60
	// postEvery is how often the gateway tells what happened. Some 16 observations go in one request.
	postEvery = 50 * time.Millisecond
	// mirrorEvery n-th request is also put to the model that is not in use, so that its quality stays
	// known. A return needs that.
	mirrorEvery = 2
)

// gateway plays the part of a real one: requests arrive, each is answered by the model that the route
// serves at that moment, and what came of it is told to Heddle.
type gateway struct {
	url       string // of the server
	recording *recording
	client    *http.Client

	mu       sync.Mutex        // guards what follows
	serving  string            // as the route says
	snapshot map[string]string // what is behind each model's name today
	outcomes []outcome
}

// outcome is one request of a user.
type outcome struct {
	at      time.Time
	model   string // that answered
	correct bool
	// primaryCorrect is what the primary would have made of it.
	primaryCorrect bool
}

// observation is one line of POST /api/v1/observations.
type observation struct {
	TimeMS    int64   `json:"ts_ms"`
	Kind      string  `json:"kind"`
	ID        int     `json:"id"`
	Model     string  `json:"model"`
	Status    int     `json:"status"`
	LatencyMS float64 `json:"latency_ms"`
	TokensOut int     `json:"tokens_out"`
	CostUSD   float64 `json:"cost_usd"`
	Score     float64 `json:"score"`
}

func (g *gateway) setSnapshot(model, snapshot string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.snapshot[model] = snapshot
}

func (g *gateway) setServing(model string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.serving = model
}

// taken returns the outcomes so far.
func (g *gateway) taken() []outcome {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.outcomes[:len(g.outcomes):len(g.outcomes)]
}

// run plays the recording from start on, until ctx ends or the recording does.
func (g *gateway) run(ctx context.Context, start time.Time) error {
	ticker := time.NewTicker(postEvery)
	defer ticker.Stop()
	next := 0
	var body bytes.Buffer
	for next < len(g.recording.arrivals) {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		body.Reset()
		lines := json.NewEncoder(&body)
		now := time.Now()
		for ; next < len(g.recording.arrivals); next++ {
			arrival := start.Add(g.recording.arrivals[next] / speedup)
			if arrival.After(now) {
				break
			}
			for _, o := range g.answer(next, arrival) {
				if err := lines.Encode(o); err != nil {
					return err
				}
			}
		}
		if body.Len() == 0 {
			continue
		}
		if err := g.post(ctx, &body); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// answer has the n-th request answered and returns what there is to tell.
func (g *gateway) answer(n int, arrival time.Time) []observation {
	g.mu.Lock()
	defer g.mu.Unlock()
	answered := g.recording.answer(g.snapshot[g.serving], n)
	g.outcomes = append(g.outcomes, outcome{
		at: arrival, model: g.serving, correct: answered.correct,
		primaryCorrect: g.recording.answer(g.snapshot[primary], n).correct,
	})
	told := []observation{observe(n, arrival, g.serving, answered)}
	if n%mirrorEvery == 0 {
		for model, snapshot := range g.snapshot {
			if model != g.serving {
				told = append(told, observe(n, arrival, model, g.recording.answer(snapshot, n)))
			}
		}
	}
	return told
}

func observe(n int, arrival time.Time, model string, c call) observation {
	o := observation{
		TimeMS: arrival.UnixMilli(), Kind: "done", ID: n, Model: model, Status: http.StatusOK,
		LatencyMS: c.latencyMS, TokensOut: c.tokens, CostUSD: c.costUSD,
	}
	if c.correct {
		o.Score = 1
	}
	return o
}

// post sends observations; anything but success is an error, for the server is on this machine.
func (g *gateway) post(ctx context.Context, body io.Reader) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/api/v1/observations", body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	response, err := g.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<12))
	if err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("observations were refused: %s: %s", response.Status, bytes.TrimSpace(text))
	}
	return nil
}
