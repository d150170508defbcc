package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/neuroweaver/heddle/actions"
)

// registerRoutes adds what gateways poll or watch, and what people say of routes.
func (s *Server) registerRoutes(mux *http.ServeMux, streams context.Context) {
	mux.HandleFunc("GET /api/v1/routes", s.listRoutes)
	mux.HandleFunc("GET /api/v1/routes/{name}", s.showRoute)
	mux.HandleFunc("GET /api/v1/routes/{name}/watch", func(w http.ResponseWriter, r *http.Request) { s.watchRoute(w, r, streams) })
	mux.HandleFunc("POST /api/v1/routes/{name}/{verb}", s.changeRoute)
}

func (s *Server) listRoutes(w http.ResponseWriter, _ *http.Request) {
	routes := s.manager.Routes()
	if routes == nil {
		routes = []actions.RouteStatus{}
	}
	writeJSON(w, http.StatusOK, map[string]any{"routes": routes})
}

func (s *Server) showRoute(w http.ResponseWriter, r *http.Request) {
	status, ok := s.manager.Route(r.PathValue("name"))
	if !ok {
		writeProblem(w, s.noRoute(r.PathValue("name")))
		return
	}
	encoded, err := json.Marshal(status)
	if err != nil {
		writeProblem(w, err)
		return
	}
	tag := fmt.Sprintf(`"%d-%016x"`, status.Epoch, xxhash.Sum64(encoded))
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "no-cache") // keep it, and ask every time
	if matchesTag(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(encoded, '\n')) // the gateway may be gone
}

// matchesTag reports whether an If-None-Match header has the tag. Weak tags compare as strong ones.
func matchesTag(header, tag string) bool {
	for _, candidate := range strings.Split(header, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == tag || candidate == "*" {
			return true
		}
	}
	return false
}

// noRoute says that there is no such route, and which there are.
func (s *Server) noRoute(name string) error {
	var names []string
	for _, route := range s.manager.Routes() {
		names = append(names, route.Name)
	}
	if len(names) == 0 {
		return fmt.Errorf("%w: route %q; the rules in force have no route", actions.ErrNotFound, name)
	}
	return fmt.Errorf("%w: route %q; there are: %s", actions.ErrNotFound, name, strings.Join(names, ", "))
}

func (s *Server) watchRoute(w http.ResponseWriter, r *http.Request, streams context.Context) {
	name := r.PathValue("name")
	if _, ok := s.manager.Route(name); !ok {
		writeProblem(w, s.noRoute(name))
		return
	}
	ctx, cancel := streamContext(r, streams)
	defer cancel()
	changes, err := s.manager.Watch(ctx, name)
	if err != nil {
		writeProblem(w, err)
		return
	}
	out := newStream(w)
	follow(ctx, out, changes, func(status actions.RouteStatus) error {
		return out.send("route", strconv.FormatUint(status.Epoch, 10), status)
	})
}

// routeRequest is what people and gateways say of a route.
type routeRequest struct {
	// Model is for switch, pin, exclude and include.
	Model string `json:"model"`
	// Who and Why go to the journal. With a token, Who is the token's name.
	Who    string `json:"who"`
	Why    string `json:"why"`
	Reason string `json:"reason"` // the same as why
	// Epoch is for ack.
	Epoch uint64 `json:"epoch"`
}

func (s *Server) changeRoute(w http.ResponseWriter, r *http.Request) {
	var q routeRequest
	if err := readJSON(w, r, &q); err != nil {
		writeProblem(w, err)
		return
	}
	name, who, why := r.PathValue("name"), caller(r, q.Who), q.Why
	if why == "" {
		why = q.Reason
	}
	var status actions.RouteStatus
	var err error
	switch verb := r.PathValue("verb"); verb {
	case "switch":
		status, err = s.manager.Switch(name, q.Model, who, why)
	case "pin":
		status, err = s.manager.Pin(name, q.Model, who, why)
	case "unpin":
		status, err = s.manager.Unpin(name, who, why)
	case "exclude":
		status, err = s.manager.Exclude(name, q.Model, who, why)
	case "include":
		status, err = s.manager.Include(name, q.Model, who, why)
	case "approve":
		status, err = s.manager.Approve(name, who, why)
	case "reject":
		status, err = s.manager.Reject(name, who, why)
	case "ack":
		status, err = s.manager.Ack(name, q.Epoch, who)
	default:
		err = fmt.Errorf("%w: a route has no %q; there are switch, pin, unpin, exclude, include, approve, reject, ack", actions.ErrNotFound, verb)
	}
	if err != nil {
		writeProblem(w, err)
		return
	}
	writeJSON(w, http.StatusOK, status)
}
