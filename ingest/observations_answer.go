package ingest

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/neuroweaver/heddle/tsdb"
)

// observationsAnswer is what a sender of observations is told.
type observationsAnswer struct {
	Status    string `json:"status"` // success, or error when anything was refused
	ErrorType string `json:"errorType,omitempty"`
	Error     string `json:"error,omitempty"`
	Data      struct {
		// Accepted lines are stored and must not be sent again, whatever became of the others.
		Accepted int `json:"accepted"`
		Rejected int `json:"rejected"`
		// Errors are the first rejected lines.
		Errors []lineError `json:"errors,omitempty"`
		// Ignored are fields that Heddle does not know.
		Ignored []string `json:"ignored_fields,omitempty"`
	} `json:"data"`

	refused []tsdb.Refusal
}

func (a *observationsAnswer) addMistakes(mistakes []lineError) {
	a.Data.Rejected += len(mistakes)
	room := max(0, shownMistakes-len(a.Data.Errors))
	a.Data.Errors = append(a.Data.Errors, mistakes[:min(room, len(mistakes))]...)
}

func (a *observationsAnswer) addIgnored(field string) {
	if field != "" && len(a.Data.Ignored) < shownMistakes && !slices.Contains(a.Data.Ignored, field) {
		a.Data.Ignored = append(a.Data.Ignored, field)
	}
}

// finish puts the outcome into words and returns the HTTP status.
func (a *observationsAnswer) finish(accepted int, refused []tsdb.Refusal, err error) int {
	if err != nil {
		status, _ := failureStatus(err)
		a.Status, a.ErrorType, a.Error = "error", errorType(status), err.Error()
		a.Data.Accepted = 0
		return status
	}
	a.Data.Accepted, a.refused = accepted, refused
	status := http.StatusOK
	switch {
	case len(refused) > 0:
		inStore := account{refused: refused}
		status = inStore.status()
		a.Error = fmt.Sprintf("the store refused some of the samples: %s", refused[0])
	case a.Data.Rejected > 0:
		status = http.StatusBadRequest
		a.Error = fmt.Sprintf("%d of %d lines were rejected, the first is line %d: %s",
			a.Data.Rejected, a.Data.Rejected+accepted, a.Data.Errors[0].Line, a.Data.Errors[0].Error)
	}
	if status != http.StatusOK {
		a.Status, a.ErrorType = "error", errorType(status)
	}
	return status
}

// account is the answer in the form that the doors' metrics count.
func (a *observationsAnswer) account() *account {
	counted := &account{refused: a.refused}
	counted.stored.Appended = a.Data.Accepted
	if a.Data.Rejected > 0 {
		counted.refused = append(counted.refused[:len(counted.refused):len(counted.refused)], tsdb.Refusal{Reason: tsdb.Invalid, Count: a.Data.Rejected})
	}
	return counted
}
