package acceptance

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestGatewaysFollowTheRoute has one gateway poll the route with its ETag and another hold its stream of
// events, through a switch and the end of the server.
func TestGatewaysFollowTheRoute(t *testing.T) {
	t.Parallel()
	receiver := newReceiver(t, 0)
	s := newServer(t, storyFiles(receiver.URL))

	status, tag := s.poll("")
	if status != http.StatusOK || tag == "" {
		t.Fatalf("the first poll: status %d, ETag %q", status, tag)
	}
	if status, _ := s.poll(tag); status != http.StatusNotModified {
		t.Errorf("nothing changed, and the poll has status %d", status)
	}

	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url("/api/v1/routes/chat/watch"), nil)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if media := stream.Header.Get("Content-Type"); media != "text/event-stream" {
		t.Errorf("the stream's content type is %q", media)
	}

	p := s.push(200*time.Millisecond, scores(well, well, well))
	p.set <- scores(poor, well, well)
	var epoch uint64
	lines := bufio.NewScanner(stream.Body)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var r route
		if err := json.Unmarshal([]byte(data), &r); err != nil {
			t.Fatalf("%v in %s", err, data)
		}
		if r.Epoch < epoch {
			t.Errorf("epoch %d came after epoch %d", r.Epoch, epoch)
		}
		epoch = r.Epoch
		if r.Serving == "borea" {
			break
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatalf("the stream broke off before the switch: %v", err)
	}
	if status, changed := s.poll(tag); status != http.StatusOK || changed == tag {
		t.Errorf("after the switch the poll has status %d and ETag %s, before %s", status, changed, tag)
	}
	p.stop()

	// A server that stops ends the streams; it does not wait for its readers.
	s.stop()
	for lines.Scan() {
	}
	if ctx.Err() != nil {
		t.Error("the stream did not end with the server")
	}
}

// poll asks for the route chat unless it is still the one with this ETag ("": ask in any case).
func (s *server) poll(known string) (status int, tag string) {
	s.t.Helper()
	request, err := http.NewRequest(http.MethodGet, s.url("/api/v1/routes/chat"), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if known != "" {
		request.Header.Set("If-None-Match", known)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode, response.Header.Get("ETag")
}
