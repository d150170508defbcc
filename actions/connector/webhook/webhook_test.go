package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/neuroweaver/heddle/actions/connector"
	"github.com/neuroweaver/heddle/actions/connector/conformance"
)

// gateway is a real HTTP server that keeps to the protocol: it refuses older epochs with 409.
type gateway struct {
	*httptest.Server
	mu      sync.Mutex // guards what follows
	holds   map[string]connector.Reading
	ids     map[string]string // webhook-id by route and epoch
	stalled chan struct{}
	status  int  // answer of a broken gateway; 0: it works
	mute    bool // takes without a body
	t       *testing.T
}

func start(t *testing.T) *gateway {
	g := &gateway{holds: map[string]connector.Reading{}, ids: map[string]string{}, t: t}
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	stalled, status := g.stalled, g.status
	g.mu.Unlock()
	if stalled != nil {
		select {
		case <-stalled:
		case <-r.Context().Done():
		}
		return
	}
	if status != 0 {
		http.Error(w, "the gateway is not well", status)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	say := func(reading connector.Reading) {
		fmt.Fprintf(w, `{"epoch":%d,"serving":%q}`, reading.Epoch, reading.Model)
	}
	if r.Method == http.MethodGet {
		say(g.holds[r.URL.Query().Get("route")])
		return
	}
	var event struct {
		ID   string
		Data struct {
			Route string
			Epoch uint64
			To    string
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
		g.t.Error(err)
	}
	held, d := g.holds[event.Data.Route], event.Data
	if held.Epoch > d.Epoch || held.Epoch == d.Epoch && held.Model != d.To {
		w.WriteHeader(http.StatusConflict)
		say(held)
		return
	}
	key := fmt.Sprint(d.Route, d.Epoch)
	if old := g.ids[key]; old != "" && old != event.ID || r.Header.Get("webhook-id") != event.ID {
		g.t.Errorf("the id of epoch %d changed from %s to %s", d.Epoch, old, event.ID)
	}
	g.ids[key] = event.ID
	g.holds[d.Route] = connector.Reading{Epoch: d.Epoch, Model: d.To}
	if !g.mute {
		say(g.holds[d.Route])
	}
}

func (g *gateway) connect(t *testing.T, read bool) *Connector {
	t.Helper()
	config := connector.Config{Type: "webhook", URL: g.URL, Timeout: time.Minute}
	if read {
		config.ReadURL = g.URL
	}
	c, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestConformance(t *testing.T) {
	for name, read := range map[string]bool{"with read_url": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			conformance.Run(t, func(t *testing.T) conformance.Target {
				g := start(t)
				return conformance.Target{
					Open: func(step func(string) error) connector.Connector {
						c := g.connect(t, read)
						c.step = step
						return c
					},
					Holds: func(route string) connector.Reading {
						g.mu.Lock()
						defer g.mu.Unlock()
						return g.holds[route]
					},
					Stall: func() func() {
						g.set(func() { g.stalled = make(chan struct{}) })
						return func() { g.set(func() { close(g.stalled); g.stalled = nil }) }
					},
					Break: func() (string, func()) {
						g.set(func() { g.status = 503 })
						return "503", func() { g.set(func() { g.status = 0 }) }
					},
				}
			})
		})
	}
}

func (g *gateway) set(change func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change()
}

// How sure a switch is depends on what the gateway says, and is labelled so.
func TestWhatAnAnswerProves(t *testing.T) {
	f := func(status int, body string, want connector.Receipt, kind any) {
		t.Helper()
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, body)
		}))
		defer server.Close()
		c, err := New(connector.Config{Type: "webhook", URL: server.URL})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		receipt, err := c.Apply(t.Context(), conformance.Assignment("chat", 7, "m"))
		if receipt != want || (err == nil) != (kind == nil) || kind != nil && !errors.As(err, kind) {
			t.Errorf("%d %s: %+v %v", status, body, receipt, err)
		}
	}
	confirmed, taken := connector.Receipt{Confirmed: true}, connector.Receipt{}
	f(200, `{"epoch":7}`, confirmed, nil)
	f(202, `{"epoch":7,"serving":"m"}`, confirmed, nil)
	f(200, ``, taken, nil)
	f(204, ``, taken, nil)
	f(200, `ok`, taken, nil)
	f(200, `{"status":"ok"}`, taken, nil)
	f(200, `{"epoch":"7"}`, taken, nil)
	f(200, `{"epoch":6}`, taken, new(*connector.UnverifiedError))
	f(200, `{"epoch":9}`, taken, new(*connector.FencedError))
	f(200, `{"epoch":7,"serving":"other"}`, taken, new(*connector.FencedError))
	f(409, `{"epoch":9,"serving":"x"}`, taken, new(*connector.FencedError))
	f(409, `{"epoch":7,"serving":"x"}`, taken, new(*connector.FencedError))
	f(409, `no`, taken, new(*connector.RefusedError))
	f(409, `{"epoch":3}`, taken, new(*connector.RefusedError))
	f(422, `no such model`, taken, new(*connector.RefusedError))
	f(410, ``, taken, new(*connector.RefusedError))
	f(500, ``, taken, new(error))
}

func TestMuteGatewayIsReadBack(t *testing.T) {
	g := start(t)
	g.mute = true
	receipt, err := g.connect(t, true).Apply(t.Context(), conformance.Assignment("chat", 7, "m"))
	if err != nil || !receipt.Confirmed {
		t.Errorf("%+v %v", receipt, err)
	}
}

func TestProbe(t *testing.T) {
	g := start(t)
	c := g.connect(t, false)
	if c.CanProbe() {
		t.Error("there is nothing to probe with")
	}
	c, err := New(connector.Config{Type: "webhook", URL: g.URL, ProbeURL: g.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Probe(t.Context(), "chat", "m"); !c.CanProbe() || err != nil {
		t.Error(err)
	}
	g.set(func() { g.status = 500 })
	if err := c.Probe(t.Context(), "chat", "m"); err == nil {
		t.Error("a broken model passed")
	}
}
