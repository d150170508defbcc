package peers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
)

// TimeSeries makes one series of a remote-write request.
func TimeSeries(l labels.Labels, samples ...prompb.Sample) prompb.TimeSeries {
	series := prompb.TimeSeries{Samples: samples}
	l.Range(func(label labels.Label) {
		series.Labels = append(series.Labels, prompb.Label{Name: label.Name, Value: label.Value})
	})
	return series
}

const (
	// writeTries bounds how often a request is sent again when a server says that it is busy.
	writeTries   = 50
	writeBackoff = 100 * time.Millisecond
)

// Write sends a remote-write 1.0 request and returns when the server has acknowledged it. It may be
// called by several goroutines.
func (s *Server) Write(ctx context.Context, request *prompb.WriteRequest) error {
	message, err := request.Marshal()
	if err != nil {
		return err
	}
	body := snappy.Encode(nil, message)
	for try := 1; ; try++ {
		status, text, err := s.writeOnce(ctx, body)
		switch {
		case err != nil:
			return fmt.Errorf("%s: write: %w", s.Name, err)
		case status/100 == 2:
			return nil
		case (status == http.StatusTooManyRequests || status/100 == 5) && try < writeTries:
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(writeBackoff):
			}
		default:
			return fmt.Errorf("%s: write: %d %s", s.Name, status, text)
		}
	}
}

func (s *Server) writeOnce(ctx context.Context, body []byte) (status int, text []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/api/v1/write", bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	request.Header.Set("Content-Encoding", "snappy")
	request.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	response, err := s.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	text, err = io.ReadAll(io.LimitReader(response.Body, 1<<12))
	return response.StatusCode, bytes.TrimSpace(text), err
}

// Series is the samples of one series as the query endpoint gives them.
type Series struct {
	Metric map[string]string `json:"metric"`
	Values []Point           `json:"values"`
}

// Point is one sample: [seconds, "value"].
type Point struct {
	TimeMS int64
	Value  float64
}

// UnmarshalJSON reads [1767571215.123,"0.5"]. Both numbers come back exactly: the time has at most
// three decimals, and the value is written with as many digits as tell it from its neighbours.
func (p *Point) UnmarshalJSON(text []byte) error {
	seconds, quoted, ok := bytes.Cut(bytes.Trim(text, "[]"), []byte(","))
	if !ok {
		return fmt.Errorf("%s is not a sample", text)
	}
	at, err := strconv.ParseFloat(string(seconds), 64)
	if err != nil {
		return err
	}
	p.TimeMS = int64(at*1000 + 0.5) // no sample here is older than 1970
	p.Value, err = strconv.ParseFloat(string(bytes.Trim(quoted, `" `)), 64)
	return err
}

// Raw returns all samples in (end−window, end] of the series that match the selector, as stored.
func (s *Server) Raw(ctx context.Context, selector string, window time.Duration, end time.Time) ([]Series, error) {
	query := url.Values{
		"query": {fmt.Sprintf("%s[%dms]", selector, window.Milliseconds())},
		"time":  {strconv.FormatFloat(float64(end.UnixMilli())/1000, 'f', 3, 64)},
	}
	var reply struct {
		Data struct {
			Result []Series `json:"result"`
		} `json:"data"`
	}
	if err := s.call(ctx, http.MethodGet, "/api/v1/query?"+query.Encode(), &reply); err != nil {
		return nil, err
	}
	return reply.Data.Result, nil
}

// call does one request and decodes the JSON answer into reply (nil: not wanted).
func (s *Server) call(ctx context.Context, method, path string, reply any) error {
	request, err := http.NewRequestWithContext(ctx, method, s.URL+path, nil)
	if err != nil {
		return err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1<<12))
		return fmt.Errorf("%s: %s %s: %s %s", s.Name, method, path, response.Status, bytes.TrimSpace(text))
	}
	if reply == nil {
		_, err := io.Copy(io.Discard, response.Body)
		return err
	}
	return json.NewDecoder(response.Body).Decode(reply)
}

// Alert is one alert as Prometheus's API lists it.
type Alert struct {
	Labels map[string]string `json:"labels"`
	State  string            `json:"state"`
}

// Alerts lists the alerts that are pending or firing.
func (s *Server) Alerts(ctx context.Context) ([]Alert, error) {
	var reply struct {
		Data struct {
			Alerts []Alert `json:"alerts"`
		} `json:"data"`
	}
	if err := s.call(ctx, http.MethodGet, "/api/v1/alerts", &reply); err != nil {
		return nil, err
	}
	return reply.Data.Alerts, nil
}
