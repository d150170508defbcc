package lsp

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// The bounds of what is held in memory: far above the files that a person has open, and above the
// largest file that the parser reads.
const (
	maxDocuments     = 500
	maxDocumentBytes = 4 << 20
	// maxChanges is how many edits one notification may carry; each copies the document once.
	maxChanges = 10_000
)

// document is one file that the editor has open, at one version. It never changes.
type document struct {
	// uri is the name that the editor gave it, path the one that imports find it by.
	uri, path string
	version   int
	text      *text
	// refused says why the editor's text is not kept; text is empty then, until the editor sends a
	// whole one that can be.
	refused string
}

// documents are the open files by path. They belong to the server's loop.
type documents map[string]*document

// open takes a document as the editor opened it.
func (ds documents) open(item documentItem) (*document, error) {
	d := &document{uri: item.URI, path: pathOf(item.URI), version: item.Version}
	if _, known := ds[d.path]; !known && len(ds) >= maxDocuments {
		return nil, fmt.Errorf("more than %d documents are open; close some", maxDocuments)
	}
	d.set(newText(item.Text))
	ds[d.path] = d
	return d, nil
}

// change applies edits in their order.
func (ds documents) change(p didChangeParams) (*document, error) {
	before, ok := ds[pathOf(p.TextDocument.URI)]
	if !ok {
		return nil, fmt.Errorf("%s is changed and was not opened", p.TextDocument.URI)
	}
	d := &document{uri: before.uri, path: before.path, version: p.TextDocument.Version, refused: before.refused}
	changed := before.text
	if len(p.ContentChanges) > maxChanges {
		d.refused = fmt.Sprintf("more than %d edits at once; close the file and open it again", maxChanges)
		p.ContentChanges = nil
	}
	// What comes before a whole text does not matter.
	for i, change := range slices.Backward(p.ContentChanges) {
		if change.Range == nil {
			p.ContentChanges, d.refused = p.ContentChanges[i:], ""
			break
		}
	}
	for _, change := range p.ContentChanges {
		if d.refused != "" {
			break
		}
		changed = changed.apply(change)
		d.set(changed)
	}
	d.set(changed)
	ds[d.path] = d
	return d, nil
}

// set keeps a text, or notes why it is not kept.
func (d *document) set(t *text) {
	if d.refused == "" && len(t.content) > maxDocumentBytes {
		d.refused = fmt.Sprintf("the file has %d bytes, more than the %d that are read", len(t.content), maxDocumentBytes)
	}
	if d.refused != "" {
		t = newText("")
	}
	d.text = t
}

// readFile reads a file that is not open. What is not an ordinary file, such as a pipe or a device
// that never ends, is not read.
func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, cause(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not an ordinary file")
	}
	if info.Size() > maxDocumentBytes {
		return nil, fmt.Errorf("it has %d bytes, the limit is %d", info.Size(), maxDocumentBytes)
	}
	content, err := os.ReadFile(name)
	return content, cause(err)
}

// cause is the reason of an error without the name of the file, behind which it will be put.
func cause(err error) error {
	if on := new(fs.PathError); errors.As(err, &on) {
		return on.Err
	}
	return err
}
