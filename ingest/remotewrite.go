package ingest

import (
	"mime"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/neuroweaver/heddle/tsdb"
)

// RemoteWrite is the door for Prometheus remote write, versions 1.0 and 2.0.
//
// What of a request can be stored is stored, even where other parts are refused. Success means that
// all of it is durable as the store promises. Statuses: 204 all stored; 400 some of it is bad and
// must not be sent again; 413 or 415 not read at all; 429 a limit refuses new series; 503 nothing
// stored, try again later.
type RemoteWrite struct {
	db      *tsdb.DB
	options Options
	bodies  *bodies
	scratch sync.Pool // of *requestV2
}

// NewRemoteWrite makes the door to db.
func NewRemoteWrite(db *tsdb.DB, o Options) *RemoteWrite {
	o = o.withDefaults()
	return &RemoteWrite{
		db: db, options: o, bodies: newBodies(o.Limits),
		scratch: sync.Pool{New: func() any { return &requestV2{limits: o.Limits} }},
	}
}

// The message types of the two versions, as the content-type's parameter names them.
const (
	messageV1 = "prometheus.WriteRequest"
	messageV2 = "io.prometheus.write.v2.Request"
)

func (rw *RemoteWrite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	arrived := rw.options.Now()
	message, err := negotiate(r.Header)
	a := new(account)
	if err == nil {
		a, err = rw.store(r, message, arrived)
	}
	status := a.status()
	if err != nil {
		var retrySeconds int
		status, retrySeconds = failureStatus(err)
		setRetryAfter(w, retrySeconds)
	}
	if message == messageV2 {
		setWritten(w.Header(), a)
	}
	switch {
	case err != nil:
		if status == http.StatusInternalServerError {
			rw.options.Logger.Error("a remote write request was not stored", "err", err)
		}
		http.Error(w, err.Error(), status)
	case status != http.StatusNoContent:
		http.Error(w, a.String(), status)
	default:
		w.WriteHeader(status)
	}
	rw.options.Metrics.observe("remote_write", status, rw.options.Now().Sub(arrived), a)
}

// store puts a request into the store. After an error nothing of it is there.
func (rw *RemoteWrite) store(r *http.Request, message string, arrived time.Time) (*account, error) {
	body, err := rw.bodies.snappy(r)
	if err != nil {
		return new(account), err
	}
	defer rw.bodies.release(body)

	sink := newAppending(rw.db, arrived, rw.options.Limits)
	if message == messageV2 {
		scratch := rw.scratch.Get().(*requestV2)
		err = walkRequest(body.decoded, scratch, sink)
		// The symbols point into the body, which others will use.
		clear(scratch.symbols)
		rw.scratch.Put(scratch)
	} else {
		err = walkWriteRequest(body.decoded, sink)
	}
	if err == nil {
		err = sink.commit()
	}
	if err != nil {
		return new(account), err
	}
	return &sink.account, nil
}

// negotiate returns the message type that a request announces; without one it is 1.0's.
func negotiate(header http.Header) (string, error) {
	if encoding := header.Get("Content-Encoding"); encoding != "" && encoding != "snappy" {
		return "", refuse(http.StatusUnsupportedMediaType, "content-encoding %q is not known here; use snappy", encoding)
	}
	contentType := header.Get("Content-Type")
	if contentType == "" {
		return messageV1, nil
	}
	media, parameters, err := mime.ParseMediaType(contentType)
	if err != nil || media != "application/x-protobuf" {
		return "", refuse(http.StatusUnsupportedMediaType, "content-type %q is not known here; use application/x-protobuf", contentType)
	}
	switch message := parameters["proto"]; message {
	case "":
		return messageV1, nil
	case messageV1, messageV2:
		return message, nil
	default:
		return "", refuse(http.StatusUnsupportedMediaType, "message %q is not known here; use %s or %s", message, messageV1, messageV2)
	}
}

// setWritten sets the headers by which 2.0 tells a sender how much was stored.
func setWritten(header http.Header, a *account) {
	floats, histograms := a.written()
	header.Set("X-Prometheus-Remote-Write-Samples-Written", strconv.Itoa(floats))
	header.Set("X-Prometheus-Remote-Write-Histograms-Written", strconv.Itoa(histograms))
	header.Set("X-Prometheus-Remote-Write-Exemplars-Written", strconv.Itoa(a.stored.Exemplars))
}
