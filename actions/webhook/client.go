package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/neuroweaver/heddle/actions/connector"
)

// Client posts events to one address over connections that it keeps open. It is safe for concurrent
// use.
type Client struct {
	target  *url.URL
	secrets Secrets
	timeout time.Duration
	http    *http.Client
}

// Bounds on one peer. An answer is a number or a line of error; connections are kept for as long as
// most servers keep theirs.
const (
	maxReplyBytes   = 64 << 10
	maxConnections  = 16
	idleConnections = 4
	idleTimeout     = 5 * time.Minute
	keepAlive       = 30 * time.Second
	// maxPause bounds a retry-after: a peer cannot ask to be left alone for a week.
	maxPause = time.Hour
)

// NewClient checks the address. secretFile may be empty: then nothing is signed.
func NewClient(address, secretFile string, timeout time.Duration) (*Client, error) {
	target, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("url: not an address (it is not shown, as it may hold a secret)")
	}
	if (target.Scheme != "http" && target.Scheme != "https") || target.Host == "" {
		return nil, fmt.Errorf("url: %q is not an http:// or https:// address", target.Redacted())
	}
	c := &Client{target: target, timeout: timeout}
	if secretFile != "" {
		if c.secrets, err = LoadSecrets(secretFile); err != nil {
			return nil, err
		}
	}
	dialer := &net.Dialer{Timeout: timeout, KeepAlive: keepAlive}
	c.http = &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    timeout,
			ResponseHeaderTimeout:  timeout,
			ExpectContinueTimeout:  time.Second,
			MaxConnsPerHost:        maxConnections,
			MaxIdleConns:           idleConnections,
			MaxIdleConnsPerHost:    idleConnections,
			IdleConnTimeout:        idleTimeout,
			MaxResponseHeaderBytes: maxReplyBytes,
			ForceAttemptHTTP2:      true,
		},
		// A signed request must not be carried elsewhere: a redirect is a failure.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// Close drops the connections.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// Post sends the event, signed at now, and returns the body of a 2xx answer. Other answers are
// errors: *connector.RefusedError for those that repeating cannot mend, *connector.RetryError where
// the peer named a pause.
func (c *Client) Post(ctx context.Context, e Event, now time.Time) ([]byte, error) {
	body, err := e.body()
	if err != nil {
		return nil, &connector.RefusedError{Err: err}
	}
	header := http.Header{
		"Content-Type":      {"application/cloudevents+json"},
		"Webhook-Id":        {e.ID},
		"Webhook-Timestamp": {strconv.FormatInt(now.Unix(), 10)},
	}
	if len(c.secrets.keys) > 0 {
		header.Set("Webhook-Signature", c.secrets.signature(e.ID, now.Unix(), body))
	}
	return c.do(ctx, http.MethodPost, c.target, header, body)
}

// Get asks the address for its state, with these query parameters added. The request is signed like
// a webhook with an empty body, so that the peer can refuse strangers.
func (c *Client) Get(ctx context.Context, id string, query url.Values, now time.Time) ([]byte, error) {
	target := *c.target
	all := target.Query()
	for name, values := range query {
		all[name] = values
	}
	target.RawQuery = all.Encode()
	header := http.Header{
		"Accept":            {"application/json"},
		"Webhook-Id":        {id},
		"Webhook-Timestamp": {strconv.FormatInt(now.Unix(), 10)},
	}
	if len(c.secrets.keys) > 0 {
		header.Set("Webhook-Signature", c.secrets.signature(id, now.Unix(), nil))
	}
	return c.do(ctx, http.MethodGet, &target, header, nil)
}

func (c *Client) do(ctx context.Context, method string, target *url.URL, header http.Header, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, c.describe(err)
	}
	request.Header = header
	request.Header.Set("User-Agent", "heddle")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, c.describe(err)
	}
	defer response.Body.Close()
	reply, err := io.ReadAll(io.LimitReader(response.Body, maxReplyBytes+1))
	if err != nil {
		return nil, c.describe(err)
	}
	if response.StatusCode >= 200 && response.StatusCode < 300 {
		if len(reply) > maxReplyBytes {
			return nil, c.describe(fmt.Errorf("an answer of more than %d bytes", maxReplyBytes))
		}
		return reply, nil
	}
	return nil, refusal(c.describe(&StatusError{response.StatusCode, reply}), response, time.Now())
}

// StatusError is an answer that is not a success.
type StatusError struct {
	Status int
	// Body is what came with it, at most maxReplyBytes.
	Body []byte
}

// Error is what the peer said, in one line.
func (e *StatusError) Error() string {
	const shown = 200
	said := fmt.Sprintf("it answered %d %s", e.Status, http.StatusText(e.Status))
	if e.Status >= 300 && e.Status < 400 {
		return said + ": redirects are not followed, give the final address"
	}
	text := strings.ToValidUTF8(string(e.Body[:min(len(e.Body), shown)]), "")
	if text = strings.Join(strings.Fields(text), " "); text != "" {
		said += fmt.Sprintf(": %q", text)
	}
	return said
}

// refusal sorts answers: 410 means never again; other answers that blame the request cannot be mended
// by repeating it; all else may pass.
func refusal(err error, response *http.Response, now time.Time) error {
	switch status := response.StatusCode; {
	case status == http.StatusGone:
		return &connector.RefusedError{Gone: true, Err: err}
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests, status >= 500:
		if pause := retryAfter(response.Header.Get("Retry-After"), now); pause > 0 {
			return &connector.RetryError{After: pause, Err: err}
		}
		return err
	}
	return &connector.RefusedError{Err: err}
}

// retryAfter reads the header's two forms: seconds, or a date.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil {
		return min(time.Duration(max(0, min(seconds, int(maxPause/time.Second))))*time.Second, maxPause)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, min(at.Sub(now), maxPause))
	}
	return 0
}

// describe names the peer by its host alone: paths and queries of webhook addresses are secrets.
func (c *Client) describe(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: no answer within %s: %w", c.target.Host, c.timeout, context.DeadlineExceeded)
	}
	return fmt.Errorf("%s: %w", c.target.Host, err)
}
