package acceptance

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/prompb"
)

// gauge is the series of one metric and model.
func gauge(metric, model string, at time.Time, value float64) prompb.TimeSeries {
	return prompb.TimeSeries{
		Labels:  []prompb.Label{{Name: "__name__", Value: metric}, {Name: "model", Value: model}},
		Samples: []prompb.Sample{{Timestamp: at.UnixMilli(), Value: value}},
	}
}

// remoteWrite sends one request of remote write 1.0. It is nil only when the server acknowledged.
func remoteWrite(url string, series ...prompb.TimeSeries) error {
	message, err := (&prompb.WriteRequest{Timeseries: series}).Marshal()
	if err != nil {
		return err
	}
	request, err := http.NewRequest(http.MethodPost, url+"/api/v1/write", bytes.NewReader(snappy.Encode(nil, message)))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	request.Header.Set("Content-Encoding", "snappy")
	request.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("remote write: %s: %s", response.Status, text)
	}
	return nil
}

// scoreSeries is one sample of model_quality_score for each model, all at one time.
func scoreSeries(at time.Time, scores map[string]float64) []prompb.TimeSeries {
	var series []prompb.TimeSeries
	for _, model := range slices.Sorted(maps.Keys(scores)) {
		series = append(series, gauge("model_quality_score", model, at, scores[model]))
	}
	return series
}
