package query

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
	"github.com/prometheus/prometheus/util/stats"
)

// Store is what the API needs of a store beyond series.
type Store interface {
	ExemplarQuerier(ctx context.Context) (storage.ExemplarQuerier, error)
	Metadata(metric string, limit int) map[string][]metadata.Metadata
}

// API is the part of Prometheus's HTTP API that reads data, with the same answers.
type API struct {
	engine *Engine
	store  Store
	now    func() time.Time
	logger *slog.Logger
}

// NewAPI makes the API; now is the clock of queries that name no time.
func NewAPI(engine *Engine, store Store, now func() time.Time) *API {
	return &API{engine: engine, store: store, now: now, logger: engine.options.Logger}
}

// answer is what a handler returns: data is already JSON.
type answer struct {
	data     []byte
	warnings annotations.Annotations
	query    string // that the positions in warnings refer to
}

// Register adds the API's endpoints to mux.
func (a *API) Register(mux *http.ServeMux) {
	for path, handle := range map[string]func(*http.Request) (answer, error){
		"query":           a.query,
		"query_range":     a.queryRange,
		"query_exemplars": a.queryExemplars,
		"format_query":    a.formatQuery,
		"series":          a.series,
		"labels":          a.labelNames,
	} {
		mux.HandleFunc("GET /api/v1/"+path, a.serve(handle))
		mux.HandleFunc("POST /api/v1/"+path, a.serve(handle))
	}
	mux.HandleFunc("GET /api/v1/label/{name}/values", a.serve(a.labelValues))
	mux.HandleFunc("GET /api/v1/metadata", a.serve(a.metadata))
}

// maxFormBytes bounds a request's form: far above any query that a person or a dashboard writes.
const maxFormBytes = 1 << 20

// serve wraps a handler with the API's envelope.
func (a *API) serve(handle func(*http.Request) (answer, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
		var result answer
		err := r.ParseForm()
		if err != nil {
			err = badData{fmt.Errorf("error parsing form values: %w", err)}
		} else {
			result, err = handle(r)
		}
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			status, errorType := Classify(err)
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(map[string]string{"status": "error", "errorType": errorType, "error": err.Error()})
			return
		}
		warnings, infos := result.warnings.AsStrings(result.query, 10, 10)
		out := encoder{buf: make([]byte, 0, len(result.data)+256)}
		out.raw(`{"status":"success","data":`)
		out.buf = append(out.buf, result.data...)
		out.list("warnings", warnings)
		out.list("infos", infos)
		out.raw("}")
		_, _ = w.Write(out.buf) // the client may be gone
	}
}

// list appends a field with strings, if there are any.
func (e *encoder) list(name string, values []string) {
	for i, v := range values {
		if i == 0 {
			e.raw(`,"` + name + `":[`)
		}
		e.comma(i)
		e.text(v)
	}
	if len(values) > 0 {
		e.raw("]")
	}
}

func (a *API) query(r *http.Request) (answer, error) {
	at, err := timeOr(r, "time", a.now())
	if err != nil {
		return answer{}, err
	}
	return a.execute(r, func(ctx context.Context, opts promql.QueryOpts) (promql.Query, error) {
		return a.engine.Instant(ctx, r.FormValue("query"), at, opts)
	})
}

// maxPoints is how many points a series of a range query may have, as in Prometheus: enough for a
// week of minutes.
const maxPoints = 11_000

func (a *API) queryRange(r *http.Request) (answer, error) {
	start, err := ParseTime(r.FormValue("start"))
	if err != nil {
		return answer{}, badParameter("start", err)
	}
	end, err := ParseTime(r.FormValue("end"))
	if err != nil {
		return answer{}, badParameter("end", err)
	}
	if end.Before(start) {
		return answer{}, badParameter("end", errors.New("end timestamp must not be before start time"))
	}
	step, err := ParseDuration(r.FormValue("step"))
	if err != nil {
		return answer{}, badParameter("step", err)
	}
	if step <= 0 {
		return answer{}, badParameter("step", errors.New("zero or negative query resolution step widths are not accepted. Try a positive integer"))
	}
	if end.Sub(start)/step > maxPoints {
		return answer{}, badData{errors.New("exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)")}
	}
	return a.execute(r, func(ctx context.Context, opts promql.QueryOpts) (promql.Query, error) {
		return a.engine.Range(ctx, r.FormValue("query"), start, end, step, opts)
	})
}

// execute runs a query that prepare makes, with the parameters that both kinds of query share.
func (a *API) execute(r *http.Request, prepare func(context.Context, promql.QueryOpts) (promql.Query, error)) (answer, error) {
	most, err := limit(r)
	if err != nil {
		return answer{}, err
	}
	ctx := r.Context()
	if text := r.FormValue("timeout"); text != "" {
		timeout, err := ParseDuration(text)
		if err != nil {
			return answer{}, badParameter("timeout", err)
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	opts, err := queryOpts(r)
	if err != nil {
		return answer{}, err
	}
	query, err := prepare(ctx, opts)
	if err != nil {
		return answer{}, inQuery(err)
	}
	defer query.Close()
	result := query.Exec(ctx)
	if result.Err != nil {
		return answer{}, result.Err
	}
	value, truncated := truncate(result.Value, most)
	if truncated {
		result.Warnings = withTruncation(result.Warnings)
	}
	var out encoder
	out.raw(`{"resultType":"` + string(value.Type()) + `","result":`)
	if err := out.value(value); err != nil {
		return answer{}, err
	}
	if r.FormValue("stats") != "" {
		encoded, err := json.Marshal(stats.NewQueryStats(query.Stats()))
		if err != nil {
			return answer{}, err
		}
		out.raw(`,"stats":`)
		out.buf = append(out.buf, encoded...)
	}
	out.raw("}")
	return answer{out.buf, result.Warnings, r.FormValue("query")}, nil
}

// inQuery words a mistake in the expression as Prometheus does.
func inQuery(err error) error {
	var mistake badData
	if errors.As(err, &mistake) {
		return badParameter("query", mistake.err)
	}
	return err
}

// truncate cuts a vector or matrix to at most n series; 0 is no limit.
func truncate(v parser.Value, n int) (parser.Value, bool) {
	if n == 0 {
		return v, false
	}
	switch v := v.(type) {
	case promql.Matrix:
		return v[:min(n, len(v))], len(v) > n
	case promql.Vector:
		return v[:min(n, len(v))], len(v) > n
	}
	return v, false
}

func (a *API) formatQuery(r *http.Request) (answer, error) {
	expr, err := a.engine.parser.ParseExpr(r.FormValue("query"))
	if err != nil {
		return answer{}, badParameter("query", err)
	}
	var out encoder
	out.text(expr.Pretty(0))
	return answer{data: out.buf}, nil
}
