package acceptance

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// webhookSecret signs in these tests; its bytes are arbitrary.
const webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// delivery is one webhook as it arrived, after its signature was found right.
type delivery struct {
	ID        string // webhook-id
	Timestamp time.Time
	Arrived   time.Time
	Status    int // what it was answered
	Event     struct {
		SpecVersion string          `json:"specversion"`
		ID          string          `json:"id"`
		Source      string          `json:"source"`
		Type        string          `json:"type"`
		Subject     string          `json:"subject"`
		Data        json.RawMessage `json:"data"`
	}
}

// switched is the data of heddle.route.switch.
type switched struct {
	Route   string             `json:"route"`
	Epoch   uint64             `json:"epoch"`
	Action  string             `json:"action"`
	From    string             `json:"from"`
	To      string             `json:"to"`
	Weights map[string]float64 `json:"weights"`
	Reason  string             `json:"reason"`
}

// receiver takes webhooks and checks each against the Standard Webhooks specification.
type receiver struct {
	*httptest.Server

	mu         sync.Mutex // guards what follows
	deliveries []delivery
	faults     []error
	refuse     int // so many deliveries are answered 500 first
}

// newReceiver starts a receiver that answers 500 to the first refuse deliveries and takes the others,
// telling of a switch that its epoch is applied. What was wrong with any delivery fails the test at its end.
func newReceiver(t *testing.T, refuse int) *receiver {
	t.Helper()
	r := &receiver{refuse: refuse}
	r.Server = httptest.NewServer(r)
	r.closeAtEnd(t)
	return r
}

// newReceiverAt is newReceiver(t, 0) on a given address.
func newReceiverAt(t *testing.T, address string) *receiver {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{}
	r.Server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: r}}
	r.Start()
	r.closeAtEnd(t)
	return r
}

func (r *receiver) closeAtEnd(t *testing.T) {
	t.Cleanup(func() {
		r.Close()
		for _, fault := range r.faults {
			t.Errorf("webhook: %v", fault)
		}
	})
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err == nil {
		err = verifyWebhook(request.Header, body, webhookSecret, time.Now())
	}
	d := delivery{ID: request.Header.Get("webhook-id"), Arrived: time.Now(), Status: http.StatusOK}
	if seconds, parseErr := strconv.ParseInt(request.Header.Get("webhook-timestamp"), 10, 64); parseErr == nil {
		d.Timestamp = time.Unix(seconds, 0)
	}
	if err == nil {
		err = json.Unmarshal(body, &d.Event)
	}
	if media := request.Header.Get("Content-Type"); err == nil && !strings.HasPrefix(media, "application/cloudevents+json") {
		err = fmt.Errorf("content type %q", media)
	}
	if err == nil && (d.Event.SpecVersion != "1.0" || d.Event.ID != d.ID || d.Event.Source != "heddle") {
		err = fmt.Errorf("not the CloudEvent of webhook-id %q: %s", d.ID, body)
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.faults = append(r.faults, err)
	}
	if r.refuse > 0 {
		r.refuse--
		d.Status = http.StatusInternalServerError
	}
	r.deliveries = append(r.deliveries, d)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(d.Status)
	var data switched
	if json.Unmarshal(d.Event.Data, &data) == nil && data.Epoch > 0 {
		fmt.Fprintf(w, `{"epoch":%d}`, data.Epoch)
	}
}

// taken returns the deliveries of one type so far, refused ones included.
func (r *receiver) taken(kind string) []delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []delivery
	for _, d := range r.deliveries {
		if d.Event.Type == kind {
			out = append(out, d)
		}
	}
	return out
}

// switches returns what was told of switches, in order of arrival, retries left out.
func (r *receiver) switches(t *testing.T) []switched {
	t.Helper()
	var out []switched
	seen := map[string]bool{}
	for _, d := range r.taken("heddle.route.switch") {
		if seen[d.ID] {
			continue
		}
		seen[d.ID] = true
		var s switched
		if err := json.Unmarshal(d.Event.Data, &s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// verifyWebhook checks a delivery as Standard Webhooks 1.0 asks of a consumer: the identifier is there,
// the time is within five minutes, and one of the space-separated signatures "v1,BASE64" is the
// HMAC-SHA256 of "ID.TIMESTAMP.BODY" under the secret's bytes.
func verifyWebhook(header http.Header, body []byte, secret string, now time.Time) error {
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	if id == "" {
		return fmt.Errorf("webhook-id is missing")
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return fmt.Errorf("webhook-timestamp: %w", err)
	}
	if age := now.Sub(time.Unix(seconds, 0)).Abs(); age > 5*time.Minute {
		return fmt.Errorf("webhook-timestamp is %v away", age)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", id, timestamp, body)
	want := mac.Sum(nil)
	for signature := range strings.FieldsSeq(header.Get("webhook-signature")) {
		encoded, ok := strings.CutPrefix(signature, "v1,")
		if !ok {
			continue
		}
		got, err := base64.StdEncoding.DecodeString(encoded)
		if err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return fmt.Errorf("no signature of %q is right", header.Get("webhook-signature"))
}

// TestVerifyWebhook holds the check itself against the example of the specification's reference
// libraries, and against one changed byte.
func TestVerifyWebhook(t *testing.T) {
	const body = `{"test": 2432232314}`
	header := http.Header{}
	header.Set("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek")
	header.Set("webhook-timestamp", "1614265330")
	header.Set("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
	at := time.Unix(1614265330, 0)
	if err := verifyWebhook(header, []byte(body), webhookSecret, at); err != nil {
		t.Error(err)
	}
	if verifyWebhook(header, []byte(body+" "), webhookSecret, at) == nil {
		t.Error("a changed body passed")
	}
	if verifyWebhook(header, []byte(body), webhookSecret, at.Add(time.Hour)) == nil {
		t.Error("an hour-old delivery passed")
	}
}
