package latencybench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/prompb"
)

// writer sends samples of one gauge by remote write 1.0.
type writer struct {
	url    string // of the endpoint
	metric string
	label  string // that tells the series apart
	client http.Client
}

// sampleOf is the value of the series whose label has this value.
type sampleOf struct {
	label string
	value float64
}

// write sends all samples with the present time, and returns when they are acknowledged.
func (w *writer) write(ctx context.Context, samples ...sampleOf) error {
	now := time.Now().UnixMilli()
	request := prompb.WriteRequest{Timeseries: make([]prompb.TimeSeries, len(samples))}
	for i, s := range samples {
		request.Timeseries[i] = prompb.TimeSeries{
			Labels:  []prompb.Label{{Name: "__name__", Value: w.metric}, {Name: w.label, Value: s.label}},
			Samples: []prompb.Sample{{Timestamp: now, Value: s.value}},
		}
	}
	message, err := request.Marshal()
	if err != nil {
		return err
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(snappy.Encode(nil, message)))
	if err != nil {
		return err
	}
	post.Header.Set("Content-Type", "application/x-protobuf")
	post.Header.Set("Content-Encoding", "snappy")
	post.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	response, err := w.client.Do(post)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<12))
	if err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("remote write: %s: %s", response.Status, bytes.TrimSpace(text))
	}
	return nil
}
