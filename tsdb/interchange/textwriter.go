package interchange

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// Text writes text in the format of OpenMetrics, one metric after another in the order of their names.
//
// What the format can not carry: native histograms and markers that a series ended are left out and
// counted; a NaN keeps that it is one, but not its payload; start timestamps and exemplars are not
// written. Counters and gauges are named as such; other metrics are of unknown type, because the format wants
// whole histograms and summaries, and a store may have parts of them.
func (e *Exporter) Text(ctx context.Context, to io.Writer) error {
	w := &textWriter{out: bufio.NewWriterSize(to, 1<<20)}
	if err := e.text(ctx, w); err != nil {
		return fmt.Errorf("export text: %w", err)
	}
	w.out.WriteString(endOfText + "\n")
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("export text: %w", err)
	}
	return nil
}

func (e *Exporter) text(ctx context.Context, w *textWriter) error {
	querier, err := e.querier(e.FromMS, e.ToMS)
	if err != nil {
		return err
	}
	defer querier.Close()
	names, _, err := querier.LabelValues(ctx, labels.MetricName, nil, e.matchers()...)
	if err != nil {
		return err
	}
	slices.Sort(names)
	known := e.DB.Metadata("", 0)
	for i, name := range names {
		var about metadata.Metadata
		if m := known[name]; len(m) > 0 {
			about = m[0]
		}
		family := familyOf(name, about, func(other string) bool { _, is := slices.BinarySearch(names, other); return is })
		set := querier.Select(ctx, false, nil, e.matchers(labels.MustNewMatcher(labels.MatchEqual, labels.MetricName, name))...)
		if err := e.metric(set, name, family, about, w); err != nil {
			return err
		}
		e.progress(float64(i+1) / float64(len(names)))
	}
	nameless := querier.Select(ctx, false, nil, e.matchers(labels.MustNewMatcher(labels.MatchEqual, labels.MetricName, ""))...)
	for nameless.Next() {
		e.report.NamelessSeries++
	}
	if err := nameless.Err(); err != nil {
		return err
	}
	if e.report == (ExportReport{}) {
		return errNothing
	}
	return nil
}

// metric writes the series of one metric.
func (e *Exporter) metric(set storage.SeriesSet, name, family string, about metadata.Metadata, w *textWriter) error {
	described := false
	var it chunkenc.Iterator
	for set.Next() {
		w.series(set.At().Labels())
		it = set.At().Iterator(it)
		for kind := it.Next(); kind != chunkenc.ValNone; kind = it.Next() {
			if kind != chunkenc.ValFloat {
				e.report.Histograms++
				continue
			}
			timeMS, v := it.At()
			if value.IsStaleNaN(v) {
				e.report.StaleMarkers++
				continue
			}
			if !described {
				described = true
				w.describe(name, family, about)
			}
			w.sample(timeMS, v)
			e.report.Samples++
		}
		if err := it.Err(); err != nil {
			return err
		}
		// The writer remembers its first error; without this look a full disk would be noticed at the end.
		if _, err := w.out.Write(nil); err != nil {
			return err
		}
	}
	return set.Err()
}

// familyOf is the name under which OpenMetrics describes a metric: that of a counter lacks _total, unless
// another metric has that name.
func familyOf(name string, about metadata.Metadata, exists func(string) bool) string {
	if family, is := strings.CutSuffix(name, "_total"); is && about.Type == model.MetricTypeCounter && !exists(family) {
		return family
	}
	return name
}

// textWriter writes lines; its errors are those of out.
type textWriter struct {
	out  *bufio.Writer
	head []byte // the series, as each of its lines begins
	line []byte
}

func (w *textWriter) describe(name, family string, about metadata.Metadata) {
	quoted := string(appendName(nil, family))
	if about.Type == model.MetricTypeGauge || family != name {
		fmt.Fprintf(w.out, "# TYPE %s %s\n", quoted, about.Type)
	}
	if about.Unit != "" && strings.HasSuffix(family, "_"+about.Unit) {
		fmt.Fprintf(w.out, "# UNIT %s %s\n", quoted, about.Unit)
	}
	if about.Help != "" {
		fmt.Fprintf(w.out, "# HELP %s %s\n", quoted, escaper.Replace(about.Help))
	}
}

// escaper escapes label values and help.
var escaper = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

func appendQuoted(dst []byte, text string) []byte {
	dst = append(dst, '"')
	dst = append(dst, escaper.Replace(text)...)
	return append(dst, '"')
}

// appendName writes the name of a metric, in quotes where it is not one of the classic names.
func appendName(dst []byte, name string) []byte {
	if model.LegacyValidation.IsValidMetricName(name) {
		return append(dst, name...)
	}
	return appendQuoted(dst, name)
}

// series sets the series of the samples that follow.
func (w *textWriter) series(ls labels.Labels) {
	name := ls.Get(labels.MetricName)
	w.head = w.head[:0]
	separator := byte('{')
	if model.LegacyValidation.IsValidMetricName(name) {
		w.head = append(w.head, name...)
	} else {
		w.head = appendQuoted(append(w.head, '{'), name)
		separator = ','
	}
	ls.Range(func(l labels.Label) {
		if l.Name == labels.MetricName {
			return
		}
		w.head = append(w.head, separator)
		separator = ','
		if model.LegacyValidation.IsValidLabelName(l.Name) {
			w.head = append(w.head, l.Name...)
		} else {
			w.head = appendQuoted(w.head, l.Name)
		}
		w.head = append(w.head, '=')
		w.head = appendQuoted(w.head, l.Value)
	})
	if separator == ',' {
		w.head = append(w.head, '}')
	}
	w.head = append(w.head, ' ')
}

func (w *textWriter) sample(timeMS int64, v float64) {
	w.line = append(w.line[:0], w.head...)
	if math.IsNaN(v) {
		w.line = append(w.line, "NaN"...)
	} else {
		w.line = strconv.AppendFloat(w.line, v, 'g', -1, 64)
	}
	w.line = append(w.line, ' ')
	w.line = appendSeconds(w.line, timeMS)
	w.line = append(w.line, '\n')
	w.out.Write(w.line)
}

// appendSeconds writes a time in seconds. Prometheus reads it as a float and cuts off what is less than a
// millisecond; where the float is a little below the millisecond a tenth of one is added, which every
// reader takes off again.
func appendSeconds(dst []byte, timeMS int64) []byte {
	from := len(dst)
	dst = strconv.AppendFloat(dst, float64(timeMS)/1000, 'f', 3, 64)
	if seconds, err := strconv.ParseFloat(string(dst[from:]), 64); err != nil || int64(seconds*1000) != timeMS {
		dst = append(dst, '1')
	}
	return dst
}
