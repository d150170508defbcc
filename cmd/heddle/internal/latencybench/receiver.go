package latencybench

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// receiver takes webhooks and notes when the one that is waited for arrived.
type receiver struct {
	url    string
	server *http.Server
	// keys finds the words by which a webhook is known, checks it, and gives the body of the answer.
	keys   func(header http.Header, body []byte) (keys []string, answer string, err error)
	faults chan error // the first webhook that was not right

	mu       sync.Mutex // guards expected
	expected map[string]chan time.Time
}

// newReceiver listens on a free loopback port until Close.
func newReceiver(keys func(http.Header, []byte) ([]string, string, error)) (*receiver, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{
		url: "http://" + listener.Addr().String() + "/", keys: keys,
		faults: make(chan error, 1), expected: map[string]chan time.Time{},
	}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: time.Second}
	go r.server.Serve(listener) // ends with close
	return r, nil
}

func (r *receiver) close() { r.server.Close() }

// expect returns where the arrival of the webhook with this key will be told, once.
func (r *receiver) expect(key string) <-chan time.Time {
	arrival := make(chan time.Time, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expected[key] = arrival
	return arrival
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	at := time.Now()
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return // the sender went away; it will try again
	}
	keys, answer, err := r.keys(request.Header, body)
	if err != nil {
		select {
		case r.faults <- fmt.Errorf("webhook: %w", err):
		default: // the first fault is enough
		}
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, answer)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range keys {
		if arrival := r.expected[key]; arrival != nil {
			arrival <- at
			delete(r.expected, key)
		}
	}
}

// checkSignature reports whether a webhook is signed as Standard Webhooks asks.
func checkSignature(header http.Header, body []byte, secret string) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", header.Get("webhook-id"), header.Get("webhook-timestamp"), body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for signature := range strings.FieldsSeq(header.Get("webhook-signature")) {
		if hmac.Equal([]byte(signature), []byte(want)) {
			return nil
		}
	}
	return fmt.Errorf("the signature %q is not right", header.Get("webhook-signature"))
}
