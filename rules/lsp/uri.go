package lsp

import (
	"net/url"
	"path"
	"strings"
)

// pathOf gives the path that files are known by: with slashes, as imports write them. A document that
// is not on disk yet is known by its URI.
func pathOf(uri string) string {
	parsed, err := url.Parse(uri)
	if err != nil || parsed.Scheme != "file" {
		return path.Clean(uri)
	}
	name := parsed.Path
	// file:///C:/rules stands for C:/rules.
	if len(name) > 2 && name[0] == '/' && name[2] == ':' {
		name = name[1:]
	}
	return path.Clean(name)
}

// uriOf gives the URI of a file on disk.
func uriOf(name string) string {
	if !strings.HasPrefix(name, "/") {
		name = "/" + name
	}
	return (&url.URL{Scheme: "file", Path: name}).String()
}
