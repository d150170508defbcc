package webhook

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/neuroweaver/heddle/actions/receiver"
)

func TestDeliver(t *testing.T) {
	var body, id string
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		body, id = string(raw), r.Header.Get("webhook-id")
		w.WriteHeader(status)
	}))
	defer server.Close()
	r, err := New(receiver.Webhook{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	m := receiver.Message{
		ID: "m1", Type: "heddle.alert.firing", Subject: "slow", Time: time.UnixMilli(1767323045678),
		Data: json.RawMessage(`{"rule":"slow"}`),
	}
	if err := r.Deliver(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	want := `{"specversion":"1.0","id":"m1","source":"heddle","type":"heddle.alert.firing","subject":"slow",` +
		`"time":"2026-01-02T03:04:05.678Z","datacontenttype":"application/json","data":{"rule":"slow"}}`
	if body != want || id != "m1" {
		t.Errorf("%s %s", id, body)
	}
	status = http.StatusBadGateway
	if err := r.Deliver(t.Context(), m); err == nil {
		t.Error("a 502 was taken for a delivery")
	}
	if _, err := New(receiver.Webhook{URL: server.URL, SecretFile: "/nowhere/secret"}); err == nil {
		t.Error("a secret that is not there was taken")
	}
}
