package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Remote is the server that a verb asks. Verbs embed it.
type Remote struct {
	URL       string `placeholder:"URL" default:"http://127.0.0.1:9480" env:"HEDDLE_URL" help:"The server (${default})."`
	TokenFile string `placeholder:"FILE" type:"path" env:"HEDDLE_TOKEN_FILE" help:"File with the bearer token, where the server asks for one."`
}

// answerTimeout bounds one request, unless it follows a stream: longer than the server gives a query.
const answerTimeout = 3 * time.Minute

// maxAnswerBytes bounds an answer that is held in memory.
const maxAnswerBytes = 256 << 20

// get asks for JSON.
func (r Remote) get(ctx context.Context, path string, query url.Values, into any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return r.do(ctx, http.MethodGet, path, nil, into)
}

// postForm asks for JSON with parameters that may be longer than an address.
func (r Remote) postForm(ctx context.Context, path string, form url.Values, into any) error {
	return r.do(ctx, http.MethodPost, path, form, into)
}

// post sends JSON and reads JSON. into may be nil.
func (r Remote) post(ctx context.Context, path string, body, into any) error {
	return r.do(ctx, http.MethodPost, path, body, into)
}

func (r Remote) do(ctx context.Context, method, path string, body, into any) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	response, err := r.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	switch {
	case err != nil:
		return fmt.Errorf("the answer of %s broke off: %w", r.URL, err)
	case len(text) > maxAnswerBytes:
		return fmt.Errorf("%s: %w", r.URL, errAnswerTooLarge)
	case response.StatusCode/100 != 2:
		return answerError(response, text)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s does not answer as Heddle does: %w", r.URL, err)
	}
	return nil
}

// send makes one request; the caller closes the answer's body.
func (r Remote) send(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var payload io.Reader
	contentType := ""
	switch body := body.(type) {
	case nil:
	case url.Values:
		payload, contentType = strings.NewReader(body.Encode()), "application/x-www-form-urlencoded"
	default:
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		payload, contentType = bytes.NewReader(encoded), "application/json"
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(r.URL, "/")+path, payload)
	if err != nil {
		return nil, usagef("--url: %v", err)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	token, err := r.token()
	if err != nil {
		return nil, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		var inner *url.Error
		if errors.As(err, &inner) {
			err = inner.Err
		}
		return nil, fmt.Errorf("no answer from %s: %w\nIs the server running there? Start it with `heddle serve`, or name another with --url", r.URL, err)
	}
	return response, nil
}

// token is the file's content, or the variable HEDDLE_TOKEN.
func (r Remote) token() (string, error) {
	if r.TokenFile == "" {
		return os.Getenv("HEDDLE_TOKEN"), nil
	}
	text, err := os.ReadFile(r.TokenFile)
	if err != nil {
		return "", fmt.Errorf("--token-file: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// errAnswerTooLarge is an answer that was not read to its end.
var errAnswerTooLarge = fmt.Errorf("the answer has more than %d MiB", maxAnswerBytes>>20)

// refusal is an answer of the server that is an error.
type refusal struct {
	status int
	text   string
}

func (r refusal) Error() string { return r.text }

// answerError is what the server says of a request that failed.
func answerError(response *http.Response, text []byte) error {
	var failure struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(text, &failure) == nil && failure.Error != "" {
		return refusal{response.StatusCode, failure.Error}
	}
	return refusal{response.StatusCode, fmt.Sprintf("the server answered %s: %.500s", response.Status, bytes.TrimSpace(text))}
}
