package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/neuroweaver/heddle/cmd/heddle/internal/remotestore"
)

// RemoteData is a running server as a source of data. Verbs that can also read a directory embed it;
// unlike Remote it is asked only where a person names it.
type RemoteData struct {
	URL       string `placeholder:"URL" xor:"source" help:"Read from a running server, Heddle or Prometheus."`
	TokenFile string `placeholder:"FILE" type:"path" env:"HEDDLE_TOKEN_FILE" help:"File with the bearer token, where the server asks for one."`
}

// store gives the server's samples.
func (r RemoteData) store() *remotestore.Store {
	remote := Remote{URL: r.URL, TokenFile: r.TokenFile}
	return remotestore.New(func(ctx context.Context, path string, form url.Values, into any) error {
		err := remote.postForm(ctx, path, form, into)
		refused := refusal{}
		// 422 is the API's answer to a query of more samples than the server allows.
		if errors.Is(err, errAnswerTooLarge) || errors.As(err, &refused) && refused.status == http.StatusUnprocessableEntity {
			return fmt.Errorf("%w: %w", remotestore.ErrTooMuch, err)
		}
		return err
	})
}
