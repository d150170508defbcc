// Package index knows the series of a store: their labels, their ids, and which of them a set of
// matchers selects. It lives in memory; File keeps it on disk.
package index

import (
	"errors"
	"math"
	"slices"
	"sync"

	"github.com/prometheus/prometheus/model/labels"
)

// Table maps label sets to dense ids, starting at 1, and back. An id is never given twice.
//
// Labels are kept as references to interned name-value pairs, four bytes a label, because a million
// series share a few thousand pairs.
type Table struct {
	// mu guards all below. It is a leaf: no other lock is taken while it is held.
	mu     sync.RWMutex
	names  map[string]map[string]uint32 // name → value → pair
	pairs  []pair
	refs   []uint32 // the pairs of all series, one after another
	series []span   // by id; an empty span is a deleted or never given id
	hashes hashes
	all    Postings
	dead   map[uint32]span // deleted series, which an append under way may still name

	restored []uint32 // the pairs of the series that was restored last, and what they were before
}

// pair is one name with one value, and the series that have it.
type pair struct {
	name, value string
	series      Postings
}

// span is a run of Table.refs.
type span struct{ start, count uint32 }

// ErrFull is returned when the table can hold no further series.
var ErrFull = errors.New("series table is full")

// NewTable returns a table without series.
func NewTable() *Table {
	return &Table{
		names:  map[string]map[string]uint32{},
		series: make([]span, 1),
		dead:   map[uint32]span{},
	}
}

// Lookup returns the id of a label set, 0 where it has none.
func (t *Table) Lookup(ls labels.Labels) uint32 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	refs, known := t.knownRefs(ls, nil)
	if !known {
		return 0
	}
	return t.find(refs)
}

// GetOrAdd returns the id of a label set and gives it one where it has none. admit is asked before a
// new id is given, with the table locked; its error refuses the series.
func (t *Table) GetOrAdd(ls labels.Labels, admit func(Counts) error) (id uint32, added bool, err error) {
	if id := t.Lookup(ls); id != 0 {
		return id, false, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if refs, known := t.knownRefs(ls, nil); known {
		if id := t.find(refs); id != 0 {
			return id, false, nil
		}
	}
	if len(t.series) >= math.MaxUint32 {
		return 0, false, ErrFull
	}
	if admit != nil {
		if err := admit(Counts{t}); err != nil {
			return 0, false, err
		}
	}
	id = uint32(len(t.series))
	return id, true, t.insert(id, ls)
}

// Restore adds a series under the id it had, unless there is one with its labels, whose id is returned:
// twin is r.ID where the series is here already. Ids may come in any order.
func (t *Table) Restore(r EncodedRecord) (twin uint32, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.count == 0 {
		return 0, errNoLabels
	}
	refs := t.restored
	at := 0
	r.each(func(name, value []byte) {
		// Neighbours have nearly all labels in common.
		if at == len(refs) {
			refs = append(refs, t.internBytes(name, value))
		} else if p := &t.pairs[refs[at]]; p.name != string(name) || p.value != string(value) || len(p.series) == 0 {
			refs[at] = t.internBytes(name, value)
		}
		at++
	})
	refs = refs[:at]
	t.restored = refs
	hash := t.hash(refs)
	if twin := t.findHashed(refs, hash); twin != 0 {
		return twin, nil
	}
	if int(r.ID) < len(t.series) && t.series[r.ID].count > 0 {
		return 0, errGivenTwice
	}
	return 0, t.insertRefs(r.ID, refs, hash)
}

var (
	errNoLabels   = errors.New("series without labels")
	errGivenTwice = errors.New("series id given twice")
)

// Reserve makes sure that no id up to last is given again.
func (t *Table) Reserve(last uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.grow(last)
}

func (t *Table) grow(last uint32) {
	if need := int(last) + 1; need > len(t.series) {
		t.series = append(t.series, make([]span, need-len(t.series))...)
	}
}

// insert expects t.mu to be held and ls to be new.
func (t *Table) insert(id uint32, ls labels.Labels) error {
	var buf [16]uint32
	refs := buf[:0]
	ls.Range(func(l labels.Label) { refs = append(refs, t.intern(l.Name, l.Value)) })
	if len(refs) == 0 {
		return errNoLabels
	}
	return t.insertRefs(id, refs, t.hash(refs))
}

// insertRefs is insert with the pairs known. It copies refs.
func (t *Table) insertRefs(id uint32, refs []uint32, hash uint32) error {
	if uint64(len(t.refs))+uint64(len(refs)) > math.MaxUint32 {
		return ErrFull
	}
	t.grow(id)
	start := len(t.refs)
	t.refs = append(t.refs, refs...)
	for _, ref := range refs {
		t.pairs[ref].series = insertID(t.pairs[ref].series, id)
	}
	t.series[id] = span{uint32(start), uint32(len(refs))}
	t.all = insertID(t.all, id)
	t.hashes.add(hash, id)
	return nil
}

// insertID adds id; nearly always it is the largest, and then the list is extended in place.
func insertID(list Postings, id uint32) Postings {
	if n := len(list); n == 0 || list[n-1] < id {
		return append(list, id)
	}
	at, found := slices.BinarySearch(list, id)
	if found {
		return list
	}
	return slices.Insert(slices.Clone(list), at, id)
}

func (t *Table) intern(name, value string) uint32 {
	values := t.names[name]
	if values == nil {
		name = cloneString(name)
		values = map[string]uint32{}
		t.names[name] = values
	}
	ref, known := values[value]
	if !known {
		ref = uint32(len(t.pairs))
		value = cloneString(value)
		t.pairs = append(t.pairs, pair{name: t.internedName(name), value: value})
		values[value] = ref
	}
	return ref
}

// internBytes is intern for strings that are part of something larger; it copies new ones.
func (t *Table) internBytes(name, value []byte) uint32 {
	if ref, known := t.names[string(name)][string(value)]; known {
		return ref
	}
	return t.intern(string(name), string(value))
}

// internedName returns the one copy of a name that pairs share.
func (t *Table) internedName(name string) string {
	for _, ref := range t.names[name] {
		return t.pairs[ref].name
	}
	return cloneString(name)
}

// cloneString detaches a string from the request that brought it.
func cloneString(s string) string { return string([]byte(s)) }

// knownRefs translates ls, if all its pairs are known.
func (t *Table) knownRefs(ls labels.Labels, refs []uint32) (_ []uint32, known bool) {
	known = true
	ls.Range(func(l labels.Label) {
		ref, ok := t.names[l.Name][l.Value]
		known = known && ok
		refs = append(refs, ref)
	})
	return refs, known && len(refs) > 0
}

// find returns the series with exactly these pairs, 0 if there is none.
func (t *Table) find(refs []uint32) uint32 { return t.findHashed(refs, t.hash(refs)) }

func (t *Table) findHashed(refs []uint32, hash uint32) uint32 {
	return t.hashes.find(hash, func(id uint32) bool { return slices.Equal(t.refsOf(id), refs) })
}

func (t *Table) refsOf(id uint32) []uint32 {
	if int(id) >= len(t.series) {
		return nil
	}
	s := t.series[id]
	return t.refs[s.start : s.start+s.count]
}

// hash is FNV-1a over whole references with a final mix; they are dense, so it need not be stronger,
// and find compares.
func (t *Table) hash(refs []uint32) uint32 {
	h := uint64(14695981039346656037)
	for _, ref := range refs {
		h = (h ^ uint64(ref)) * 1099511628211
	}
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return uint32(h ^ h>>32)
}

// Labels returns the labels of a series, empty for an id that has none.
func (t *Table) Labels(id uint32) labels.Labels {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.labels(id)
}

func (t *Table) labels(id uint32) labels.Labels {
	builder := labels.NewScratchBuilder(16)
	for _, ref := range t.refsOf(id) {
		builder.Add(t.pairs[ref].name, t.pairs[ref].value)
	}
	return builder.Labels()
}

// Len is the number of series.
func (t *Table) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.all)
}

// Last is the highest id ever given.
func (t *Table) Last() uint32 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return uint32(len(t.series) - 1)
}

// IDs returns all series.
func (t *Table) IDs() Postings {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Clip(t.all)
}

// Delete forgets series. Their ids are not given again; Revive brings them back.
func (t *Table) Delete(ids Postings) {
	t.mu.Lock()
	defer t.mu.Unlock()
	touched := map[uint32]Postings{}
	for _, id := range ids {
		refs := t.refsOf(id)
		if len(refs) == 0 {
			continue
		}
		t.hashes.remove(t.hash(refs), id)
		for _, ref := range refs {
			touched[ref] = append(touched[ref], id)
		}
		t.dead[id], t.series[id] = t.series[id], span{}
	}
	for ref, gone := range touched {
		t.pairs[ref].series = subtract(t.pairs[ref].series, gone)
		if len(t.pairs[ref].series) == 0 {
			p := t.pairs[ref]
			delete(t.names[p.name], p.value)
			if len(t.names[p.name]) == 0 {
				delete(t.names, p.name)
			}
		}
	}
	t.all = subtract(t.all, ids)
}

// Revive brings back a deleted series and returns its id: the old one, or that of a newer series with
// the same labels; 0 for an id that was never given. It reports whether anything changed.
func (t *Table) Revive(id uint32) (_ uint32, changed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.refsOf(id)) > 0 {
		return id, false
	}
	s, is := t.dead[id]
	if !is {
		return 0, false
	}
	builder := labels.NewScratchBuilder(int(s.count))
	for _, ref := range t.refs[s.start : s.start+s.count] {
		builder.Add(t.pairs[ref].name, t.pairs[ref].value)
	}
	ls := builder.Labels()
	if refs, known := t.knownRefs(ls, nil); known {
		if newer := t.find(refs); newer != 0 {
			return newer, false
		}
	}
	delete(t.dead, id)
	if t.insert(id, ls) != nil {
		return 0, false
	}
	return id, true
}

// Counts answers questions about a locked table.
type Counts struct{ t *Table }

// Series is the number of series.
func (c Counts) Series() int { return len(c.t.all) }

// With is the number of series that have the pair.
func (c Counts) With(name, value string) int {
	ref, known := c.t.names[name][value]
	if !known {
		return 0
	}
	return len(c.t.pairs[ref].series)
}
