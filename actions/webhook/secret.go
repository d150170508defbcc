// Package webhook sends events as signed webhooks: Standard Webhooks 1.0
// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md) with
// CloudEvents 1.0 bodies in JSON (https://github.com/cloudevents/spec).
package webhook

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// Secrets are the keys that sign. Several of them give several signatures, so that a receiver can
// change over without a gap. The zero value signs nothing. They never appear in an error or a log.
type Secrets struct{ keys [][]byte }

// Bounds on secrets: the standard asks for 24 to 64 bytes.
const (
	minKeyBytes        = 24
	maxKeyBytes        = 64
	maxSecrets         = 8
	maxSecretFileBytes = 4096
	secretPrefix       = "whsec_"
)

// LoadSecrets reads a file with one secret a line: whsec_ and the key in base64. Empty lines and
// lines that begin with # are passed over. Errors name the line, never what it says.
func LoadSecrets(path string) (Secrets, error) {
	file, err := os.Open(path)
	if err != nil {
		return Secrets{}, fmt.Errorf("secret file: %w", err)
	}
	defer file.Close()
	secrets, err := ParseSecrets(io.LimitReader(file, maxSecretFileBytes))
	if err != nil {
		return Secrets{}, fmt.Errorf("secret file %s: %w", path, err)
	}
	return secrets, nil
}

// ParseSecrets reads what LoadSecrets describes.
func ParseSecrets(r io.Reader) (Secrets, error) {
	var secrets Secrets
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		encoded, ok := strings.CutPrefix(line, secretPrefix)
		if !ok {
			return Secrets{}, fmt.Errorf("line %d: a secret begins with %s", number, secretPrefix)
		}
		key, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return Secrets{}, fmt.Errorf("line %d: what follows %s is not base64", number, secretPrefix)
		}
		if len(key) < minKeyBytes || len(key) > maxKeyBytes {
			return Secrets{}, fmt.Errorf("line %d: a key of %d bytes; %d to %d are needed (try: openssl rand -base64 32)", number, len(key), minKeyBytes, maxKeyBytes)
		}
		secrets.keys = append(secrets.keys, key)
	}
	if lines.Err() != nil {
		return Secrets{}, errors.New("a line is too long")
	}
	if len(secrets.keys) == 0 || len(secrets.keys) > maxSecrets {
		return Secrets{}, fmt.Errorf("%d secrets; 1 to %d are needed, one a line", len(secrets.keys), maxSecrets)
	}
	return secrets, nil
}

// String keeps secrets out of logs.
func (s Secrets) String() string { return fmt.Sprintf("%d secrets", len(s.keys)) }

// GoString keeps secrets out of logs.
func (s Secrets) GoString() string { return s.String() }

// signature is the value of the header webhook-signature: for each key "v1," and the base64 of the
// HMAC-SHA256 of "id.timestamp.body", apart by spaces.
func (s Secrets) signature(id string, timestamp int64, body []byte) string {
	parts := make([]string, len(s.keys))
	for i, key := range s.keys {
		parts[i] = "v1," + base64.StdEncoding.EncodeToString(mac(key, id, timestamp, body))
	}
	return strings.Join(parts, " ")
}

func mac(key []byte, id string, timestamp int64, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(id + "." + strconv.FormatInt(timestamp, 10) + "."))
	h.Write(body)
	return h.Sum(nil)
}

// Tolerance is how far the timestamp of a webhook may lie from the receiver's clock.
const Tolerance = 5 * time.Minute

// Verify is the receiver's side: it checks the values of the headers webhook-id, webhook-timestamp and
// webhook-signature against the body, in constant time.
func (s Secrets) Verify(id, timestamp, signature string, body []byte, now time.Time) error {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || id == "" {
		return errors.New("webhook-id or webhook-timestamp is missing or damaged")
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > Tolerance || age < -Tolerance {
		return fmt.Errorf("webhook-timestamp is %s from now", age)
	}
	for part := range strings.FieldsSeq(signature) {
		encoded, ok := strings.CutPrefix(part, "v1,")
		if !ok {
			continue
		}
		given, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			continue
		}
		for _, key := range s.keys {
			if hmac.Equal(given, mac(key, id, seconds, body)) {
				return nil
			}
		}
	}
	return errors.New("no signature fits")
}
