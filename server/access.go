package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"

	"github.com/goccy/go-yaml"
)

// Tokens is the file of bearer tokens:
//
//	tokens:
//	  - {name: gateway, token: "at least 16 characters"}
//	  - {name: ops, sha256: "hex of the token's SHA-256, so that the file holds no secret"}
type Tokens struct {
	Tokens []Token `yaml:"tokens"`
}

// Token lets its bearer use the API. Name is who the journal says it was.
type Token struct {
	Name   string `yaml:"name"`
	Token  string `yaml:"token"`
	SHA256 string `yaml:"sha256"`
}

// minTokenBytes keeps tokens from being guessed over the network.
const minTokenBytes = 16

// access decides who may use the API.
type access struct {
	file string // empty: everybody who reaches the address
	// local says that only this machine reaches the address, so a browser's Host must say so too.
	local  bool
	tokens atomic.Pointer[[]knownToken]
}

// knownToken is a token as it is compared: by its digest, which has the same length for all.
type knownToken struct {
	name   string
	digest [sha256.Size]byte
}

func newAccess(c *Config) (*access, error) {
	host, _, _ := net.SplitHostPort(c.Listen) // Validate has checked it
	a := &access{file: c.Auth.TokensFile, local: isLoopback(host) && !c.Insecure && !c.Auth.enabled()}
	return a, a.reload()
}

// reload reads the tokens anew. When they can not be read, those that were known stay.
func (a *access) reload() error {
	if a.file == "" {
		return nil
	}
	source, err := os.ReadFile(a.file)
	if err != nil {
		return fmt.Errorf("auth.tokens_file: %w", err)
	}
	tokens, err := parseTokens(source)
	if err != nil {
		return fmt.Errorf("auth.tokens_file: %s: %w", a.file, err)
	}
	a.tokens.Store(&tokens)
	return nil
}

// parseTokens reads a tokens file. Errors never show its lines: they hold secrets.
func parseTokens(source []byte) ([]knownToken, error) {
	var file Tokens
	if err := yaml.UnmarshalWithOptions(source, &file, yaml.Strict()); err != nil {
		return nil, errors.New("not of the form `tokens: [{name: …, token: …}]`, with sha256 instead of token where you like")
	}
	if len(file.Tokens) == 0 {
		return nil, errors.New("it has no tokens, so nobody could use the server")
	}
	var known []knownToken
	for i, t := range file.Tokens {
		k := knownToken{name: t.Name}
		digest, err := hex.DecodeString(t.SHA256)
		switch {
		case t.Name == "":
			return nil, fmt.Errorf("token %d has no name", i+1)
		case (t.Token == "") == (t.SHA256 == ""):
			return nil, fmt.Errorf("%s: give either token or sha256", t.Name)
		case t.Token != "" && len(t.Token) < minTokenBytes:
			return nil, fmt.Errorf("%s: the token is shorter than %d characters; `openssl rand -hex 32` makes a good one", t.Name, minTokenBytes)
		case t.Token != "":
			k.digest = sha256.Sum256([]byte(t.Token))
		case err != nil || len(digest) != sha256.Size:
			return nil, fmt.Errorf("%s: sha256 is not 64 hexadecimal digits", t.Name)
		default:
			k.digest = [sha256.Size]byte(digest)
		}
		known = append(known, k)
	}
	return known, nil
}

// bearer returns the name of the token that a request carries.
func (a *access) bearer(r *http.Request) (name string, ok bool) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return "", false
	}
	digest := sha256.Sum256([]byte(token))
	ok = false
	// All are compared, so that the time says nothing about which one came close.
	for _, known := range *a.tokens.Load() {
		if subtle.ConstantTimeCompare(digest[:], known.digest[:]) == 1 {
			name, ok = known.name, true
		}
	}
	return name, ok
}

// guard lets through who may use the API. Health is for everybody: those who ask have no token.
func (a *access) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.local && !isLocalHost(r.Host) {
			writeError(w, http.StatusForbidden, "forbidden", "this server answers to its own machine only, as 127.0.0.1 or localhost; "+
				"behind a proxy set auth.tokens_file, or insecure: true if the proxy checks who asks")
			return
		}
		if a.file == "" || r.URL.Path == "/-/healthy" || r.URL.Path == "/-/ready" {
			next.ServeHTTP(w, r)
			return
		}
		name, ok := a.bearer(r)
		if !ok {
			w.Header().Set("WWW-Authenticate", "Bearer")
			writeError(w, http.StatusUnauthorized, "unauthorized", "send a token of the server's tokens file: `Authorization: Bearer …`")
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, name)))
	})
}

// isLocalHost reports whether a Host header names this machine: a page on the web can have a name of
// its own point here, but can not have a browser send another Host.
func isLocalHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return isLoopback(strings.Trim(host, "[]"))
}

// callerKey is the context key of the caller's name.
type callerKey struct{}

// caller names who sent a request, for the journal: the token's name, else what the request says of
// itself, else its address.
func caller(r *http.Request, says string) string {
	if name, ok := r.Context().Value(callerKey{}).(string); ok {
		return name
	}
	if says != "" {
		return says
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return "someone at " + host
}
