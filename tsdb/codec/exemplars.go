package codec

import (
	"encoding/binary"
	"encoding/hex"
	"slices"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
)

// Exemplars are stored apart from blocks, by series, in batches of at most MaxRows:
//
//	varint n; bitmap of those that have a timestamp; integer stream of timestamps;
//	float stream of values; varint names, for each a varint length and its bytes;
//	for each name: bitmap of the exemplars that have the label, and a string stream of its values
//
// where a string stream is an integer stream of lengths in bytes, a byte that says whether all of
// it is lower-case hexadecimal, and the bytes: as they are, or two digits in one. Trace and span ids
// are hexadecimal and random, so half their size is the best there is.
const (
	stringsPlain byte = iota
	stringsHex
)

// AppendExemplars appends the exemplars of one series, in any order, to dst. A label set never has
// the same name twice.
func (e *Encoder) AppendExemplars(dst []byte, es []exemplar.Exemplar) []byte {
	for batch := range slices.Chunk(es, MaxRows) {
		dst = e.appendExemplarBatch(dst, batch)
	}
	return dst
}

func (e *Encoder) appendExemplarBatch(dst []byte, es []exemplar.Exemplar) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(es)))
	stamped := make([]uint64, bitmapWords(len(es)))
	times, values := make([]int64, len(es)), make([]float64, len(es))
	with := map[string][]uint64{} // name: which exemplars have it
	strings := map[string][]string{}
	var names []string
	for i, x := range es {
		if x.HasTs {
			stamped[i/64] |= 1 << (i % 64)
		}
		times[i], values[i] = x.Ts, x.Value
		x.Labels.Range(func(l labels.Label) {
			if with[l.Name] == nil {
				with[l.Name] = make([]uint64, bitmapWords(len(es)))
				names = append(names, l.Name)
			}
			with[l.Name][i/64] |= 1 << (i % 64)
			strings[l.Name] = append(strings[l.Name], l.Value)
		})
	}
	dst = e.appendBitmap(dst, stamped, len(es), Hot)
	dst = e.appendInts(dst, times, Hot)
	dst = e.appendFloats(dst, values, Hot)
	dst = binary.AppendUvarint(dst, uint64(len(names)))
	for _, name := range names {
		dst = binary.AppendUvarint(dst, uint64(len(name)))
		dst = append(dst, name...)
	}
	for _, name := range names {
		dst = e.appendBitmap(dst, with[name], len(es), Hot)
		dst = e.appendStrings(dst, strings[name])
	}
	return dst
}

// appendStrings appends a string stream of at least one string.
func (e *Encoder) appendStrings(dst []byte, strings []string) []byte {
	lengths := make([]int64, len(strings))
	form := stringsHex
	for i, s := range strings {
		lengths[i] = int64(len(s))
		if !isHex(s) {
			form = stringsPlain
		}
	}
	dst = e.appendInts(dst, lengths, Hot)
	dst = append(dst, form)
	for _, s := range strings {
		if form == stringsPlain {
			dst = append(dst, s...)
		} else {
			packed, _ := hex.DecodeString(s) // isHex made sure of it
			dst = append(dst, packed...)
		}
	}
	return dst
}

// isHex reports whether s is pairs of lower-case hexadecimal digits.
func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(s)%2 == 0
}

// DecodeExemplars appends the exemplars that AppendExemplars wrote to dst. src must hold nothing
// else.
func DecodeExemplars(dst []exemplar.Exemplar, src []byte) ([]exemplar.Exemplar, error) {
	before := len(dst)
	c := &cursor{src: src}
	for c.err == nil && c.left() > 0 {
		dst = readExemplarBatch(dst, c)
	}
	if c.err != nil {
		return dst[:before], c.err
	}
	return dst, nil
}

// readExemplarBatch appends one batch to dst, or nothing if it cannot be read.
func readExemplarBatch(dst []exemplar.Exemplar, c *cursor) []exemplar.Exemplar {
	var tables tableSet
	n := c.length(MaxRows, "number of exemplars")
	if c.err == nil && n == 0 {
		c.fail("batch without exemplars")
	}
	if c.err != nil {
		return dst
	}
	stamped := c.bitmap(n, &tables)
	times, values := make([]int64, n), make([]float64, n)
	readIntStream(times, c, &tables)
	readFloats(values, c, &tables)
	names := make([]string, c.length(c.left(), "number of label names"))
	for i := range names {
		names[i] = string(c.bytes(c.length(c.left(), "length of a name")))
	}
	sets := make([][]labels.Label, n)
	for i, name := range names {
		if c.err == nil && slices.Contains(names[:i], name) {
			c.fail("label name %q twice", name)
		}
		c.label(sets, name, &tables)
	}
	if c.err != nil {
		return dst
	}
	for i := range n {
		dst = append(dst, exemplar.Exemplar{
			Labels: labels.New(sets[i]...), Value: values[i],
			Ts: times[i], HasTs: stamped[i/64]>>(i%64)&1 != 0,
		})
	}
	return dst
}

// label reads one label and adds it to the sets of the exemplars that have it.
func (c *cursor) label(sets [][]labels.Label, name string, tables *tableSet) {
	if c.err != nil {
		return
	}
	with := c.bitmap(len(sets), tables)
	count := countBits(with)
	if c.err == nil && count == 0 {
		c.fail("label %q without a value", name)
	}
	if c.err != nil {
		return
	}
	lengths := make([]int64, count)
	readIntStream(lengths, c, tables)
	form := c.byte()
	if form > stringsHex {
		c.fail("unknown form %d of strings", form)
	}
	next := 0
	for i := range sets {
		if with[i/64]>>(i%64)&1 == 0 || c.err != nil {
			continue
		}
		length := lengths[next]
		next++
		if length < 0 || length > int64(c.left())*2 || form == stringsHex && length%2 != 0 {
			c.fail("string of %d bytes", length)
			return
		}
		value := ""
		if form == stringsHex {
			value = hex.EncodeToString(c.bytes(int(length / 2)))
		} else {
			value = string(c.bytes(int(length)))
		}
		sets[i] = append(sets[i], labels.Label{Name: name, Value: value})
	}
}
