package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// routeStatus is what a gateway needs of GET /api/v1/routes/{name}/watch.
type routeStatus struct {
	Epoch   uint64 `json:"epoch"`
	Serving string `json:"serving"`
	Reason  string `json:"reason"`
}

// follow holds the route's stream of server-sent events and hands on each status until ctx ends.
func (g *gateway) follow(ctx context.Context, route string, changed func(routeStatus)) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, g.url+"/api/v1/routes/"+route+"/watch", nil)
	if err != nil {
		return err
	}
	response, err := g.client.Do(request)
	if err != nil {
		return endedBy(ctx, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("watching route %s: %s", route, response.Status)
	}
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		if !ok {
			continue // an event's name, a comment that keeps the connection open, or the end of an event
		}
		var status routeStatus
		if err := json.Unmarshal([]byte(data), &status); err != nil {
			return fmt.Errorf("watching route %s: %q: %w", route, data, err)
		}
		g.setServing(status.Serving)
		changed(status)
	}
	if err := lines.Err(); err != nil {
		return endedBy(ctx, err)
	}
	return endedBy(ctx, fmt.Errorf("watching route %s: the server ended the stream", route))
}

// endedBy is nil where ctx ended what failed: that is how the demo ends.
func endedBy(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
