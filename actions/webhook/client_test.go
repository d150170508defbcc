package webhook

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/neuroweaver/heddle/actions/connector"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC)

func secretFile(t testing.TB, keys ...string) string {
	t.Helper()
	var lines []string
	for _, key := range keys {
		lines = append(lines, secretPrefix+base64.StdEncoding.EncodeToString([]byte(key)))
	}
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("# comment\n\n"+strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The standard's own example (its reference libraries test against it).
func TestSignatureOfTheStandard(t *testing.T) {
	secrets, err := ParseSecrets(strings.NewReader("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
	if err != nil {
		t.Fatal(err)
	}
	got := secrets.signature("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, []byte(`{"test": 2432232314}`))
	if got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Error(got)
	}
}

func TestPostIsSignedAndInForm(t *testing.T) {
	old, fresh := strings.Repeat("o", 24), strings.Repeat("n", 32)
	var got map[string]json.RawMessage
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		for _, key := range []string{old, fresh} { // either of the two verifies it
			receiver, err := LoadSecrets(secretFile(t, key))
			if err != nil {
				t.Error(err)
			}
			h := r.Header
			if err := receiver.Verify(h.Get("webhook-id"), h.Get("webhook-timestamp"), h.Get("webhook-signature"), body, now); err != nil {
				t.Error(err)
			}
		}
		if r.Method != http.MethodPost || r.Header.Get("content-type") != "application/cloudevents+json" {
			t.Error(r.Method, r.Header)
		}
		if err := json.Unmarshal(body, &got); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, `{"epoch":7}`)
	}))
	defer server.Close()
	c, err := NewClient(server.URL, secretFile(t, fresh, old), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	reply, err := c.Post(t.Context(), Event{ID: "e1", Type: "heddle.route.switch", Subject: "chat", Time: now, Data: json.RawMessage(`{"a":1}`)}, now)
	if err != nil || string(reply) != `{"epoch":7}` {
		t.Fatal(string(reply), err)
	}
	for field, want := range map[string]string{
		"specversion": `"1.0"`, "id": `"e1"`, "source": `"heddle"`, "type": `"heddle.route.switch"`, "subject": `"chat"`,
		"time": `"2026-01-02T03:04:05.678Z"`, "datacontenttype": `"application/json"`, "data": `{"a":1}`,
	} {
		if string(got[field]) != want {
			t.Errorf("%s is %s, want %s", field, got[field], want)
		}
	}
	if len(got) != 8 {
		t.Errorf("%d fields", len(got))
	}
}

func TestVerifyRefuses(t *testing.T) {
	secrets, err := LoadSecrets(secretFile(t, strings.Repeat("k", 24)))
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{}`)
	good := secrets.signature("id", now.Unix(), body)
	stamp := fmt.Sprint(now.Unix())
	f := func(ok bool, id, timestamp, signature string, body []byte, at time.Time) {
		t.Helper()
		if err := secrets.Verify(id, timestamp, signature, body, at); (err == nil) != ok {
			t.Error(err)
		}
	}
	f(true, "id", stamp, good, body, now)
	f(true, "id", stamp, "v2,xx v1,!! "+good, body, now.Add(4*time.Minute))
	f(false, "id", stamp, good, body, now.Add(6*time.Minute))
	f(false, "id", stamp, good, body, now.Add(-6*time.Minute))
	f(false, "id2", stamp, good, body, now)
	f(false, "id", stamp+"0", good, body, now)
	f(false, "id", stamp, good, []byte(`{ }`), now)
	f(false, "id", stamp, "", body, now)
	f(false, "id", "soon", good, body, now)
	f(false, "id", stamp, "v1a,"+good[3:], body, now)
}

func TestSecretsThatAreRefused(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		_, err := ParseSecrets(strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v", text, err)
		}
		if err != nil && strings.Contains(err.Error(), "c2VjcmV0") {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
	f("", "0 secrets")
	f("# only a comment", "0 secrets")
	f("c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2Vj", "line 1: a secret begins with whsec_")
	f("\nwhsec_c2VjcmV0!", "line 2: what follows whsec_ is not base64")
	f("whsec_c2VjcmV0", "a key of 6 bytes")
	f(strings.Repeat("whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2Vj\n", 9), "9 secrets")
	if text := fmt.Sprintf("%v %+v %#v", Secrets{[][]byte{[]byte("deep secret")}}, Secrets{[][]byte{[]byte("deep secret")}}, Secrets{[][]byte{[]byte("deep secret")}}); strings.Contains(text, "deep") {
		t.Error(text)
	}
}

func TestAnswersAreSorted(t *testing.T) {
	status, header := http.StatusOK, http.Header{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name := range header {
			w.Header().Set(name, header.Get(name))
		}
		w.WriteHeader(status)
		io.WriteString(w, "because of\nthis")
	}))
	defer server.Close()
	c, err := NewClient(server.URL+"/hook/s3cret?token=s3cret", "", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	post := func() error {
		_, err := c.Post(t.Context(), Event{ID: "x", Data: json.RawMessage(`{}`)}, now)
		return err
	}
	f := func(code int, refused, gone bool, after time.Duration, headers ...string) {
		t.Helper()
		status, header = code, http.Header{}
		for i := 0; i < len(headers); i += 2 {
			header.Set(headers[i], headers[i+1])
		}
		err := post()
		if err == nil {
			t.Errorf("%d: taken", code)
			return
		}
		var no *connector.RefusedError
		var pause *connector.RetryError
		if errors.As(err, &no) != refused || refused && no.Gone != gone {
			t.Errorf("%d: %v", code, err)
		}
		if errors.As(err, &pause) != (after > 0) || after > 0 && (pause.After > after || pause.After < after-2*time.Second) {
			t.Errorf("%d: %v, want a pause of %s", code, err, after)
		}
		if strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), fmt.Sprint(code)) {
			t.Errorf("%d: %v", code, err)
		}
	}
	f(500, false, false, 0)
	f(503, false, false, 7*time.Second, "Retry-After", "7")
	f(503, false, false, time.Hour, "Retry-After", "999999999999")
	f(503, false, false, 0, "Retry-After", "-5")
	f(503, false, false, 0, "Retry-After", "later")
	f(429, false, false, time.Minute, "Retry-After", time.Now().Add(time.Minute).UTC().Format(http.TimeFormat))
	f(408, false, false, 0)
	f(400, true, false, 0)
	f(404, true, false, 0, "Retry-After", "7")
	f(410, true, true, 0)
	f(301, true, false, 0, "Location", "/elsewhere")
	f(307, true, false, 0, "Location", server.URL)
	f(304, true, false, 0)
	status = http.StatusNoContent
	if err := post(); err != nil {
		t.Error(err)
	}
}

// A peer that takes the request and says nothing, one that streams without end, and one that is not there.
func TestPeersThatMisbehave(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/silent":
			<-release
		case "/endless":
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<15)); err != nil {
					return
				}
			}
		}
	}))
	defer server.Close()
	defer close(release)
	f := func(address, want string, timeout time.Duration) {
		t.Helper()
		c, err := NewClient(address, "", timeout)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, err = c.Post(context.Background(), Event{ID: "x", Data: json.RawMessage(`{}`)}, now)
		if err == nil || !strings.Contains(err.Error(), want) || errors.As(err, new(*connector.RefusedError)) {
			t.Errorf("%s: %v", address, err)
		}
	}
	f(server.URL+"/silent", "no answer within 50ms", 50*time.Millisecond)
	f(server.URL+"/endless", "more than 65536 bytes", time.Minute)
	dead := httptest.NewServer(nil)
	dead.Close()
	f(dead.URL+"/s3cret", "refused", time.Minute)
	for _, address := range []string{"", "gateway:80", "ftp://x", "http://", "http://user:s3cret@h:port/"} {
		if _, err := NewClient(address, "", 0); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// Many events to one peer share its connection.
func TestConnectionIsKept(t *testing.T) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, strings.Repeat(" ", 1000))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	c, err := NewClient(server.URL, "", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 20 {
		if _, err := c.Post(t.Context(), Event{ID: "x", Data: json.RawMessage(`{}`)}, now); err != nil {
			t.Fatal(err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

func FuzzParseSecrets(f *testing.F) {
	f.Add("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	f.Add("# x\n\nwhsec_")
	f.Fuzz(func(t *testing.T, text string) {
		secrets, err := ParseSecrets(strings.NewReader(text))
		if err == nil && (len(secrets.keys) == 0 || len(secrets.keys) > maxSecrets) {
			t.Errorf("%q gives %d keys", text, len(secrets.keys))
		}
	})
}
