package storagebench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

const (
	// maxScrapeBytes bounds one exposition; Prometheus's own targets are below 10 MB.
	maxScrapeBytes = 64 << 20
	// scrapeLimit bounds the time of one scrape, as Prometheus's default does.
	scrapeLimit = 10 * time.Second
	recordedExt = ".prom"
)

// Scrape reads real targets every interval for a while. With keep, it also writes what it read to that
// directory, in the form that [ReadRecordings] takes.
func Scrape(ctx context.Context, urls []string, every, span time.Duration, keep string, progress func(share float64)) (*Dataset, error) {
	recordings := make([]*recording, len(urls))
	for i, u := range urls {
		host, err := TargetHost(u)
		if err != nil {
			return nil, err
		}
		recordings[i] = newRecording(fmt.Sprintf("%d:%s", i, host))
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	steps := max(1, int(span/every))
	for step := range steps {
		for i, u := range urls {
			at := time.Now()
			text, err := scrapeOnce(ctx, u)
			if err != nil {
				return nil, err
			}
			if keep != "" {
				if err := keepScrape(keep, i, at, text); err != nil {
					return nil, err
				}
			}
			if err := recordings[i].add(at.UnixMilli(), text); err != nil {
				return nil, fmt.Errorf("%s: %w", u, err)
			}
		}
		progress(float64(step+1) / float64(steps))
		if step == steps-1 {
			break
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-ticker.C:
		}
	}
	return recorded("scrapes", recordings)
}

// TargetHost is the host and port of a target's address.
func TargetHost(target string) (string, error) {
	parsed, err := url.Parse(target)
	if err != nil || parsed.Host == "" {
		return "", fmt.Errorf("%q is not the address of a target, like http://127.0.0.1:9100/metrics", target)
	}
	return parsed.Host, nil
}

func scrapeOnce(ctx context.Context, target string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, scrapeLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "text/plain;version=0.0.4")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", target, response.Status)
	}
	return readAtMost(response.Body, maxScrapeBytes)
}

func readAtMost(r io.Reader, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("an exposition of more than %d bytes", most)
	}
	return text, err
}

// keepScrape writes one scrape under the name of its time in milliseconds.
func keepScrape(dir string, target int, at time.Time, text []byte) error {
	dir = filepath.Join(dir, fmt.Sprintf("target-%d", target))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, strconv.FormatInt(at.UnixMilli(), 10)+recordedExt), text, 0o600)
}

// ReadRecordings reads directories of text expositions. Each directory is one target, and its files are
// the scrapes in the order of their names. A file named by its time in milliseconds, like
// 1767571215123.prom, was scraped then; other files are taken to be `every` apart. All times are moved
// by the same whole seconds, so that the last scrape is as recent as a live one.
func ReadRecordings(dirs []string, every time.Duration, now time.Time) (*Dataset, error) {
	var recordings []*recording
	for i, dir := range dirs {
		r := newRecording(fmt.Sprintf("%d:%s", i, filepath.Base(dir)))
		files, err := os.ReadDir(dir) // sorted by name
		if err != nil {
			return nil, err
		}
		for n, file := range files {
			path := filepath.Join(dir, file.Name())
			if file.IsDir() {
				return nil, fmt.Errorf("%s is a directory: each directory named is one target, with a file for each scrape", path)
			}
			text, err := readRecorded(path)
			if err != nil {
				return nil, err
			}
			name := strings.TrimSuffix(file.Name(), filepath.Ext(file.Name()))
			timeMS, err := strconv.ParseInt(name, 10, 64)
			if err != nil {
				timeMS = int64(n) * every.Milliseconds()
			}
			if err := r.add(timeMS, text); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
		if len(r.rows) == 0 {
			return nil, fmt.Errorf("%s holds no scrape", dir)
		}
		recordings = append(recordings, r)
	}
	data, err := recorded("recorded scrapes", recordings)
	if err != nil {
		return nil, err
	}
	shiftMS := (now.UnixMilli() - data.LastMS) / 1000 * 1000
	for _, r := range recordings {
		for i := range r.rows {
			r.rows[i].TimeMS += shiftMS
		}
	}
	data.FirstMS += shiftMS
	data.LastMS += shiftMS
	return data, nil
}

func readRecorded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readAtMost(file, maxScrapeBytes)
}

// recorded makes a data set of what was read.
func recorded(name string, recordings []*recording) (*Dataset, error) {
	data := &Dataset{Name: name}
	for i, r := range recordings {
		first, last := r.rows[0].TimeMS, r.rows[len(r.rows)-1].TimeMS
		if i == 0 {
			data.FirstMS, data.LastMS = first, last
		}
		data.FirstMS, data.LastMS = min(data.FirstMS, first), max(data.LastMS, last)
		data.Steps = max(data.Steps, len(r.rows))
		data.Targets = append(data.Targets, r)
	}
	if data.Series() == 0 {
		return nil, errors.New("the scrapes hold no series")
	}
	return data, nil
}

// recording is a target whose scrapes are in memory.
type recording struct {
	instance string
	series   []labels.Labels
	place    map[string]int // of a series, by its text in the exposition
	rows     []Row
	symbols  *labels.SymbolTable
}

func newRecording(instance string) *recording {
	return &recording{instance: instance, place: map[string]int{}, symbols: labels.NewSymbolTable()}
}

// Series implements Target.
func (r *recording) Series() []labels.Labels { return r.series }

// Selector implements Target.
func (r *recording) Selector() string { return fmt.Sprintf("{instance=%q}", r.instance) }

// Rows implements Target.
func (r *recording) Rows() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for _, row := range r.rows {
			if !yield(row) {
				return
			}
		}
	}
}

// add takes one scrape. Times written in the exposition are not kept: as in a scrape with
// honor_timestamps off, all series have the time of the scrape.
func (r *recording) add(timeMS int64, text []byte) error {
	if n := len(r.rows); n > 0 && r.rows[n-1].TimeMS >= timeMS {
		return fmt.Errorf("a scrape at %d ms after one at %d ms", timeMS, r.rows[n-1].TimeMS)
	}
	row := Row{TimeMS: timeMS, Values: make([]float64, len(r.series)), Absent: make([]bool, len(r.series))}
	for i := range row.Absent {
		row.Absent[i] = true
	}
	parser, err := textparse.New(text, "text/plain", r.symbols, textparse.ParserOptions{})
	if err != nil {
		return err
	}
	for {
		entry, err := parser.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if entry != textparse.EntrySeries {
			continue
		}
		name, _, value := parser.Series()
		i, known := r.place[string(name)]
		if !known {
			i = len(r.series)
			r.place[string(name)] = i
			r.series = append(r.series, r.labelsOf(parser))
			row.Values, row.Absent = append(row.Values, 0), append(row.Absent, true)
		}
		row.Values[i], row.Absent[i] = value, false
	}
	r.rows = append(r.rows, row)
	return nil
}

// labelsOf is the labels of the parser's series with those that a collector adds. What the target
// itself calls so is kept under another name, as Prometheus does.
func (r *recording) labelsOf(parser textparse.Parser) labels.Labels {
	var exposed labels.Labels
	parser.Labels(&exposed)
	builder := labels.NewBuilder(exposed)
	for name, value := range map[string]string{"instance": r.instance, "job": "scrape"} {
		builder.Set("exported_"+name, exposed.Get(name)) // empty: not there
		builder.Set(name, value)
	}
	return builder.Labels()
}
