package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/neuroweaver/heddle/actions"
)

// apiError is the answer to a request that failed.
type apiError struct {
	Status    string `json:"status"` // always "error"
	ErrorType string `json:"errorType"`
	Error     string `json:"error"`
}

// writeError answers with an error.
func writeError(w http.ResponseWriter, status int, errorType, text string) {
	writeJSON(w, status, apiError{"error", errorType, text})
}

// writeJSON answers with a JSON document.
func writeJSON(w http.ResponseWriter, status int, body any) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		http.Error(w, `{"status":"error","errorType":"internal","error":"the answer can not be encoded"}`, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(buffer.Bytes()) // the client may be gone
}

// writeData answers in the envelope of Prometheus's API.
func writeData(w http.ResponseWriter, data any) {
	writeJSON(w, http.StatusOK, struct {
		Status string `json:"status"`
		Data   any    `json:"data"`
	}{"success", data})
}

// writeProblem answers with an error of the action layer, or of reading a request.
func writeProblem(w http.ResponseWriter, err error) {
	tooLarge := new(http.MaxBytesError)
	switch {
	case errors.Is(err, actions.ErrNotFound):
		writeError(w, http.StatusNotFound, "not_found", err.Error())
	case errors.Is(err, actions.ErrInvalid):
		writeError(w, http.StatusBadRequest, "bad_data", err.Error())
	case errors.Is(err, actions.ErrConflict):
		writeError(w, http.StatusConflict, "conflict", err.Error())
	case errors.As(err, &tooLarge):
		writeError(w, http.StatusRequestEntityTooLarge, "bad_data", fmt.Sprintf("the body has more than %d bytes", tooLarge.Limit))
	default:
		writeError(w, http.StatusInternalServerError, "internal", err.Error())
	}
}

// maxRequestBytes bounds the body of a request by a person: a silence, a switch with its reason.
const maxRequestBytes = 64 << 10

// readJSON reads a request's JSON body into body, strictly; an empty one leaves it as it is.
func readJSON(w http.ResponseWriter, r *http.Request, body any) error {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBytes))
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(body); err != nil {
		return fmt.Errorf("%w: the body: %w", actions.ErrInvalid, err)
	}
	return nil
}
