package interchange

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/model/textparse"
)

// TextFormat is a text format for samples.
type TextFormat int

const (
	// OpenMetrics has times in seconds, and ends with a line "# EOF".
	OpenMetrics TextFormat = iota
	// PrometheusText has times in milliseconds.
	PrometheusText
)

// maxLine bounds a line in bytes: 64 labels of the longest values that a request may bring are a
// quarter of it.
const maxLine = 1 << 20

// endOfText ends a text in the format of OpenMetrics, so that one that was cut off is known.
const endOfText = "# EOF"

// DetectTextFormat says which format a file has, by its end.
func DetectTextFormat(path string) (TextFormat, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	tail := make([]byte, min(info.Size(), 64))
	if _, err := file.ReadAt(tail, info.Size()-int64(len(tail))); err != nil && err != io.EOF {
		return 0, err
	}
	tail = bytes.TrimRight(tail, "\r\n \t")
	if bytes.HasSuffix(tail, []byte(endOfText)) {
		return OpenMetrics, nil
	}
	return PrometheusText, nil
}

// textSample is one line with a sample.
type textSample struct {
	series    []byte // name and labels, as they are written; valid until the next line
	timeMS    int64
	hasTime   bool
	value     float64
	exemplars []exemplar.Exemplar
	family    *metadata.Metadata // what is known of its family; nil: nothing
	labels    func() labels.Labels
}

// textReader reads samples line by line, each through Prometheus's parser, so that a text may be longer
// than memory and a mistake has a place.
type textReader struct {
	name    string
	format  TextFormat
	in      *bufio.Reader
	symbols *labels.SymbolTable
	line    int   // number of the current line, from 1
	offset  int64 // of the current line
	read    int64 // bytes read
	ended   bool  // "# EOF" was read

	familyName string
	family     metadata.Metadata
}

func newTextReader(name string, in io.Reader, format TextFormat) *textReader {
	return &textReader{name: name, format: format, in: bufio.NewReaderSize(in, maxLine), symbols: labels.NewSymbolTable()}
}

// next returns the next sample; io.EOF is the end, and *tsdb.CorruptionError a line that can not be
// read.
func (r *textReader) next(s *textSample) error {
	for {
		line, err := r.readLine()
		if err != nil {
			return err
		}
		found, err := r.parse(line, s)
		if err != nil {
			return corrupt(r.name, r.offset, fmt.Errorf("line %d: %w", r.line, err))
		}
		if found {
			return nil
		}
	}
}

// readLine returns a line with its line feed.
func (r *textReader) readLine() ([]byte, error) {
	line, err := r.in.ReadSlice('\n')
	r.offset = r.read
	r.read += int64(len(line))
	r.line++
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, corrupt(r.name, r.offset, fmt.Errorf("line %d is longer than %d bytes", r.line, maxLine))
	case err != nil && err != io.EOF:
		return nil, err
	case len(line) > 0 && err == io.EOF:
		return append(line, '\n'), nil
	case err == io.EOF && r.format == OpenMetrics && !r.ended:
		return nil, corrupt(r.name, r.offset, fmt.Errorf("the last line is not %q: the text was cut off", endOfText))
	}
	return line, err
}

// parse reads a line and reports whether it is a sample.
func (r *textReader) parse(line []byte, s *textSample) (bool, error) {
	trimmed := bytes.TrimSpace(line)
	if len(trimmed) == 0 {
		return false, nil
	}
	if r.ended {
		return false, fmt.Errorf("something follows %q", endOfText)
	}
	if r.format == OpenMetrics && string(trimmed) == endOfText {
		r.ended = true
		return false, nil
	}
	line = bytes.TrimLeft(line, " \t")
	var parser textparse.Parser
	if r.format == OpenMetrics {
		parser = textparse.NewOpenMetricsParser(line, r.symbols)
	} else {
		parser = textparse.NewPromParser(line, r.symbols, false)
	}
	var entry textparse.Entry
	err := decoding(func() (err error) {
		entry, err = parser.Next()
		return err
	})
	switch {
	case err == io.EOF:
		return false, nil // the parser took the line for a comment
	case err != nil:
		return false, err
	case entry == textparse.EntrySeries:
		return true, r.sample(parser, line, s)
	}
	r.describe(parser, entry)
	return false, nil
}

func (r *textReader) sample(parser textparse.Parser, line []byte, s *textSample) error {
	series, timeMS, value := parser.Series()
	*s = textSample{series: series, hasTime: timeMS != nil, value: value, exemplars: s.exemplars[:0]}
	if s.hasTime {
		s.timeMS = *timeMS
		if r.format == OpenMetrics {
			// The parser cuts off the fraction of a millisecond that a decimal second has in binary.
			fields := bytes.Fields(line[len(series):])
			if len(fields) < 2 {
				return errors.New("the time can not be read")
			}
			ms, err := millisecondsOf(fields[1])
			if err != nil {
				return err
			}
			s.timeMS = ms
		}
	}
	if s.timeMS < earliestMS || s.timeMS > latestMS {
		return fmt.Errorf("no such time: %d ms", s.timeMS)
	}
	var e exemplar.Exemplar
	for parser.Exemplar(&e) {
		if e.HasTs {
			fields := bytes.Fields(line)
			ms, err := millisecondsOf(fields[len(fields)-1])
			if err != nil {
				return err
			}
			e.Ts = ms
		}
		s.exemplars = append(s.exemplars, e)
	}
	if r.belongs(series) {
		s.family = &r.family
	}
	s.labels = func() labels.Labels {
		var ls labels.Labels
		parser.Labels(&ls)
		return ls
	}
	return nil
}

// millisecondsOf reads a time in seconds. A float has the millisecond for the next 280,000 years.
func millisecondsOf(text []byte) (int64, error) {
	seconds, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return 0, err
	}
	ms := math.Round(seconds * 1000)
	if !(ms >= earliestMS && ms <= latestMS) {
		return 0, fmt.Errorf("no such time: %s s", text)
	}
	return int64(ms), nil
}

// describe keeps what a comment says about the family of metrics that follows.
func (r *textReader) describe(parser textparse.Parser, entry textparse.Entry) {
	about := func(name []byte) *metadata.Metadata {
		if string(name) != r.familyName {
			r.familyName, r.family = string(name), metadata.Metadata{}
		}
		return &r.family
	}
	switch entry {
	case textparse.EntryType:
		name, kind := parser.Type()
		about(name).Type = kind
	case textparse.EntryHelp:
		name, help := parser.Help()
		about(name).Help = string(help)
	case textparse.EntryUnit:
		name, unit := parser.Unit()
		about(name).Unit = string(unit)
	}
}

// belongs reports whether a series is of the family that was described last: it has its name, or its
// name with a suffix like _total.
func (r *textReader) belongs(series []byte) bool {
	if r.familyName == "" || !bytes.HasPrefix(series, []byte(r.familyName)) {
		return false
	}
	rest := series[len(r.familyName):]
	return len(rest) == 0 || rest[0] == '{' || rest[0] == '_'
}
