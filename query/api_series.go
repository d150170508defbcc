package query

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/annotations"
)

// selection reads the parameters that choose series; match[] may be missing.
func (a *API) selection(r *http.Request) (Span, Matchers, int, error) {
	most, err := limit(r)
	if err != nil {
		return Span{}, nil, 0, err
	}
	times, err := span(r)
	if err != nil {
		return Span{}, nil, 0, err
	}
	sets, err := a.engine.matchers(r)
	if err != nil {
		return Span{}, nil, 0, badData{err}
	}
	return times, sets, most, nil
}

func (a *API) series(r *http.Request) (answer, error) {
	sets, times, err := a.engine.Selection(r)
	if err != nil {
		return answer{}, err
	}
	most, err := limit(r)
	if err != nil {
		return answer{}, err
	}
	found, warnings, err := a.engine.Series(r.Context(), times, sets, most)
	if err != nil {
		return answer{}, err
	}
	return answer{data: encodeLabelSets(found), warnings: warnings}, nil
}

func encodeLabelSets(sets []labels.Labels) []byte {
	var out encoder
	out.raw("[")
	for i, set := range sets {
		out.comma(i)
		out.labels(set)
	}
	out.raw("]")
	return out.buf
}

func (a *API) labelNames(r *http.Request) (answer, error) {
	times, sets, most, err := a.selection(r)
	if err != nil {
		return answer{}, err
	}
	names, warnings, err := a.engine.LabelNames(r.Context(), times, sets, most)
	return asJSON(names, warnings, err)
}

func (a *API) labelValues(r *http.Request) (answer, error) {
	name := r.PathValue("name")
	if strings.HasPrefix(name, "U__") {
		name = model.UnescapeName(name, model.ValueEncodingEscaping)
	}
	if !model.UTF8Validation.IsValidLabelName(name) {
		return answer{}, badData{fmt.Errorf("invalid label name: %q", name)}
	}
	times, sets, most, err := a.selection(r)
	if err != nil {
		return answer{}, err
	}
	values, warnings, err := a.engine.LabelValues(r.Context(), name, times, sets, most)
	return asJSON(values, warnings, err)
}

func asJSON(data any, warnings annotations.Annotations, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	encoded, err := json.Marshal(data)
	return answer{data: encoded, warnings: warnings}, err
}

func (a *API) metadata(r *http.Request) (answer, error) {
	most, err := limit(r)
	if err != nil {
		return answer{}, err
	}
	found := a.store.Metadata(r.FormValue("metric"), most)
	if found == nil {
		found = map[string][]metadata.Metadata{}
	}
	return asJSON(found, nil, nil)
}

func (a *API) queryExemplars(r *http.Request) (answer, error) {
	times, err := span(r)
	if err != nil {
		return answer{}, err
	}
	if times.MaxMS < times.MinMS {
		return answer{}, badData{errors.New("end timestamp must not be before start timestamp")}
	}
	expr, err := a.engine.parser.ParseExpr(r.FormValue("query"))
	if err != nil {
		return answer{}, badData{err}
	}
	selectors := parser.ExtractSelectors(expr)
	if len(selectors) == 0 {
		return answer{data: []byte("null")}, nil
	}
	querier, err := a.store.ExemplarQuerier(r.Context())
	if err != nil {
		return answer{}, err
	}
	found, err := querier.Select(times.MinMS, times.MaxMS, selectors...)
	if err != nil {
		return answer{}, err
	}
	var out encoder
	out.exemplars(found)
	return answer{data: out.buf}, nil
}
