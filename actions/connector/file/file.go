// Package file keeps the choices of routes in one JSON document:
//
//	{"routes":{"chat":{"epoch":7,"serving":"claude-sonnet","weights":{"claude-sonnet":1}}}}
//
// A reader always sees a whole document. It is written beside the old one, synced and renamed.
package file

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"github.com/neuroweaver/heddle/actions/connector"
)

// Connector writes one document, for any number of routes.
type Connector struct {
	path string
	// mu guards the document: one read-modify-write at a time.
	mu sync.Mutex
	// step, in tests, is called before each step; its error ends the attempt as a crash would.
	step func(name string) error
}

// document is the whole file, entry the part of one route.
type document struct {
	Routes map[string]entry `json:"routes"`
}

type entry struct {
	Epoch   uint64             `json:"epoch"`
	Serving string             `json:"serving"`
	Weights map[string]float64 `json:"weights"`
}

// maxDocumentBytes bounds what is read back: some ten thousand routes.
const maxDocumentBytes = 4 << 20

// New writes to path, whose directory must exist. Where path is a symbolic link, what it points to
// is replaced.
func New(path string) (*Connector, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	info, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("path: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("path: %s is not a directory", filepath.Dir(path))
	}
	return &Connector{path: path, step: func(string) error { return nil }}, nil
}

// Path is the document's absolute path.
func (c *Connector) Path() string { return c.path }

// Capabilities: a file holds the present state, with its epoch, and weights.
func (c *Connector) Capabilities() connector.Capabilities {
	return connector.Capabilities{ReadBack: true, Fence: true, Weights: true, Document: true}
}

// Apply writes the route's entry unless the document holds it already, and reads it back.
func (c *Connector) Apply(ctx context.Context, a connector.Assignment) (connector.Receipt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	doc, err := c.read()
	if err != nil {
		return connector.Receipt{}, err
	}
	want := entry{a.Epoch, a.Serving(), a.Weights}
	held := doc.Routes[a.Route]
	switch {
	case held.Epoch > a.Epoch, held.Epoch == a.Epoch && !equal(held, want):
		return connector.Receipt{}, &connector.FencedError{Holds: held.reading(), Offered: a.Epoch}
	case held.Epoch == a.Epoch:
		return connector.Receipt{Confirmed: true}, nil
	}
	if err := ctx.Err(); err != nil {
		return connector.Receipt{}, fmt.Errorf("%s: %w", c.path, err)
	}
	doc.Routes[a.Route] = want
	if err := c.write(doc); err != nil {
		return connector.Receipt{}, err
	}
	if err := c.step("read back"); err != nil {
		return connector.Receipt{}, err
	}
	if doc, err = c.read(); err != nil {
		return connector.Receipt{}, err
	}
	if !equal(doc.Routes[a.Route], want) {
		return connector.Receipt{}, &connector.UnverifiedError{Holds: doc.Routes[a.Route].reading(), Offered: a.Epoch}
	}
	return connector.Receipt{Confirmed: true}, nil
}

// Read says what the document holds for the route.
func (c *Connector) Read(_ context.Context, route string) (connector.Reading, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	doc, err := c.read()
	if err != nil {
		return connector.Reading{}, err
	}
	return doc.Routes[route].reading(), nil
}

func (e entry) reading() connector.Reading {
	return connector.Reading{Epoch: e.Epoch, Model: e.Serving}
}

func equal(a, b entry) bool {
	return a.Epoch == b.Epoch && a.Serving == b.Serving && maps.Equal(a.Weights, b.Weights)
}

// read gives the document; one without routes where there is no file.
func (c *Connector) read() (document, error) {
	doc := document{Routes: map[string]entry{}}
	file, err := os.Open(c.path)
	if errors.Is(err, os.ErrNotExist) {
		return doc, nil
	}
	if err != nil {
		return doc, err
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxDocumentBytes+1))
	if err != nil {
		return doc, err
	}
	if len(raw) > maxDocumentBytes {
		return doc, fmt.Errorf("%s is larger than %d bytes: not a document of routes", c.path, maxDocumentBytes)
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return doc, fmt.Errorf("%s is not a document of routes (%w): mend it or move it away", c.path, err)
	}
	if doc.Routes == nil {
		doc.Routes = map[string]entry{}
	}
	return doc, nil
}

// write replaces the document. What a crash leaves beside it is overwritten by the next attempt.
func (c *Connector) write(doc document) error {
	raw, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	mode := os.FileMode(0o644) // gateways of other users read it
	if info, err := os.Stat(c.path); err == nil {
		mode = info.Mode().Perm()
	}
	beside := filepath.Join(filepath.Dir(c.path), "."+filepath.Base(c.path)+".new")
	if err := c.writeSynced(beside, append(raw, '\n'), mode); err != nil {
		return err
	}
	if err := c.step("rename"); err != nil {
		return err
	}
	if err := os.Rename(beside, c.path); err != nil {
		return err
	}
	if err := c.step("sync directory"); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(c.path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (c *Connector) writeSynced(path string, raw []byte, mode os.FileMode) error {
	if err := c.step("create"); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	defer file.Close()
	// Half of it first, so that a crash in the middle of writing is among the steps that are tested.
	for _, part := range [][]byte{raw[:len(raw)/2], raw[len(raw)/2:]} {
		if err := c.step("write"); err != nil {
			return err
		}
		if _, err := file.Write(part); err != nil {
			return err
		}
	}
	if err := c.step("sync"); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	return file.Chmod(mode)
}
