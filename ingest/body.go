package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"golang.org/x/sync/semaphore"
)

// httpError is a request that is refused as a whole.
type httpError struct {
	status int
	reason string
}

func (e *httpError) Error() string { return e.reason }

func refuse(status int, format string, args ...any) error {
	return &httpError{status, fmt.Sprintf(format, args...)}
}

// bodies reads the bodies of requests into memory that all requests share and that is bounded.
type bodies struct {
	limits Limits
	// memory counts the bytes that requests hold; its size is Limits.InFlightBytes.
	memory *semaphore.Weighted
	pool   sync.Pool // of *body
}

// body is one request's body in memory.
type body struct {
	raw, decoded []byte
	held         int64 // of bodies.memory
}

// keptBytes is the largest buffer that goes back to the pool: above the usual sizes of requests
// (Prometheus sends at most 2,000 samples, about 400 KiB), so that a rare giant does not stay.
const keptBytes = 4 << 20

func newBodies(limits Limits) *bodies {
	return &bodies{
		limits: limits,
		memory: semaphore.NewWeighted(limits.InFlightBytes),
		pool:   sync.Pool{New: func() any { return new(body) }},
	}
}

// snappy reads and decompresses a body in snappy's block format. The size that its first bytes
// declare is checked before any memory is taken. The caller hands the body back with release.
func (b *bodies) snappy(r *http.Request) (*body, error) {
	if r.ContentLength > b.limits.BodyBytes {
		return nil, refuse(http.StatusRequestEntityTooLarge, "the body has %d bytes, the limit is %d", r.ContentLength, b.limits.BodyBytes)
	}
	// The declared size is a varint of at most five bytes.
	var head [5]byte
	n, err := io.ReadFull(r.Body, head[:])
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, refuse(http.StatusBadRequest, "the body is empty, or broke off: %v", err)
	}
	decodedBytes, err := snappy.DecodedLen(head[:n])
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the body is not compressed with snappy's block format: %v", err)
	}
	if int64(decodedBytes) > b.limits.DecodedBytes {
		return nil, refuse(http.StatusRequestEntityTooLarge, "the body decompresses to %d bytes, the limit is %d", decodedBytes, b.limits.DecodedBytes)
	}
	rawBytes := r.ContentLength
	if rawBytes < 0 {
		rawBytes = b.limits.BodyBytes
	}
	buf, err := b.take(r.Context(), rawBytes+int64(decodedBytes))
	if err != nil {
		return nil, err
	}
	buf.raw = append(buf.raw[:0], head[:n]...)
	if buf.raw, err = readAll(buf.raw, r.Body, rawBytes, b.limits.BodyBytes); err != nil {
		b.release(buf)
		return nil, err
	}
	buf.decoded, err = snappy.Decode(buf.decoded[:cap(buf.decoded)], buf.raw)
	if err != nil {
		b.release(buf)
		return nil, refuse(http.StatusBadRequest, "the body is not compressed with snappy's block format: %v", err)
	}
	return buf, nil
}

// take waits for memory.
func (b *bodies) take(ctx context.Context, bytes int64) (*body, error) {
	if err := b.memory.Acquire(ctx, bytes); err != nil {
		return nil, refuse(http.StatusServiceUnavailable, "the request ended while it waited for memory: %v", err)
	}
	buf := b.pool.Get().(*body)
	buf.held = bytes
	return buf, nil
}

// release hands a body's memory back.
func (b *bodies) release(buf *body) {
	b.memory.Release(buf.held)
	if cap(buf.raw) <= keptBytes && cap(buf.decoded) <= keptBytes {
		b.pool.Put(buf)
	}
}

// readAll appends what r holds to buf, which is grown once for the expected size, and refuses more
// than limit bytes.
func readAll(buf []byte, r io.Reader, expected, limit int64) ([]byte, error) {
	if expected <= keptBytes {
		// One byte more, so that the end is seen without growing.
		buf = slices.Grow(buf, max(0, int(expected)-len(buf)+1))
	}
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > limit:
			return buf, refuse(http.StatusRequestEntityTooLarge, "the body has more than %d bytes", limit)
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return buf, refuse(http.StatusBadRequest, "the body broke off: %v", err)
		}
	}
}

// plainBody opens the body of a request of text lines, which may be compressed with gzip. Reading
// more than Limits.DecodedBytes from it fails with an *http.MaxBytesError.
func plainBody(r *http.Request, limits Limits) (io.Reader, error) {
	raw := http.MaxBytesReader(nil, r.Body, limits.BodyBytes)
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
		return raw, nil
	case "gzip":
		unpacked, err := gzip.NewReader(raw)
		if err != nil {
			return nil, bodyError(err)
		}
		return http.MaxBytesReader(nil, unpacked, limits.DecodedBytes), nil
	default:
		return nil, refuse(http.StatusUnsupportedMediaType, "content-encoding %q is not known here; use gzip or none", encoding)
	}
}

// bodyError says why a body could not be read to its end.
func bodyError(err error) error {
	tooLarge := new(http.MaxBytesError)
	if errors.As(err, &tooLarge) {
		return refuse(http.StatusRequestEntityTooLarge, "the body has more than %d bytes; nothing was stored", tooLarge.Limit)
	}
	return refuse(http.StatusBadRequest, "the body broke off, nothing was stored: %v", err)
}
