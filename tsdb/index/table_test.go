package index

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// randomLabels draws from a small space, so that series share pairs and some miss labels.
func randomLabels(r *rand.Rand) labels.Labels {
	b := labels.NewScratchBuilder(4)
	b.Add("__name__", fmt.Sprint("m", r.IntN(5)))
	for _, name := range []string{"a", "b", "c"} {
		if r.IntN(3) > 0 {
			b.Add(name, fmt.Sprint("v", r.IntN(6)))
		}
	}
	return b.Labels()
}

func randomMatchers(r *rand.Rand) []*labels.Matcher {
	values := []string{"", "v1", "v2", "m3", "v.", "v[12]|m1", ".*", ".+", "v1|", "nothing", "m0|m1|v2"}
	var matchers []*labels.Matcher
	for range 1 + r.IntN(3) {
		name := []string{"__name__", "a", "b", "c", "unknown"}[r.IntN(5)]
		matchers = append(matchers, labels.MustNewMatcher(labels.MatchType(r.IntN(4)), name, values[r.IntN(len(values))]))
	}
	return matchers
}

// TestAgainstPlainMap adds, deletes and looks up, and asks a map of label sets the same.
func TestAgainstPlainMap(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 1))
	table, plain := NewTable(), map[uint32]labels.Labels{}
	ids := map[string]uint32{}
	last := uint32(0)
	for step := range 3000 {
		ls := randomLabels(r)
		known := ids[ls.String()]
		if got := table.Lookup(ls); got != known {
			t.Fatalf("seed %d, step %d: %s has id %d, want %d", seed, step, ls, got, known)
		}
		switch n := r.IntN(10); {
		case n < 5:
			id, added, err := table.GetOrAdd(ls, nil)
			if err != nil || added != (known == 0) || !added && id != known || added && id != last+1 {
				t.Fatalf("seed %d, step %d: id %d, added %v, %v", seed, step, id, added, err)
			}
			last = max(last, id)
			plain[id], ids[ls.String()] = ls, id
		case n < 7:
			var gone Postings
			for id := range plain {
				if r.IntN(10) == 0 {
					gone = append(gone, id)
				}
			}
			slices.Sort(gone)
			table.Delete(gone)
			for _, id := range gone {
				delete(ids, plain[id].String())
				delete(plain, id)
			}
		default:
			matchers := randomMatchers(r)
			var want Postings
			names, values := map[string]bool{}, map[string]bool{}
			for id, ls := range plain {
				matches := true
				for _, m := range matchers {
					matches = matches && m.Matches(ls.Get(m.Name))
				}
				if !matches {
					continue
				}
				want = append(want, id)
				ls.Range(func(l labels.Label) { names[l.Name] = true })
				if v := ls.Get("a"); v != "" {
					values[v] = true
				}
			}
			slices.Sort(want)
			if got := table.Matching(matchers...); !slices.Equal(got, want) {
				t.Fatalf("seed %d, step %d: %v selects %v, want %v", seed, step, matchers, got, want)
			}
			if got := table.LabelNames(matchers...); !sameSet(got, names) {
				t.Fatalf("seed %d, step %d: label names of %v: %v, want %v", seed, step, matchers, got, names)
			}
			if got := table.LabelValues("a", matchers...); !sameSet(got, values) {
				t.Fatalf("seed %d, step %d: label values of %v: %v, want %v", seed, step, matchers, got, values)
			}
		}
		if table.Len() != len(plain) || table.Last() != last {
			t.Fatalf("seed %d, step %d: %d series, last %d; want %d, %d", seed, step, table.Len(), table.Last(), len(plain), last)
		}
		for id, ls := range plain {
			if !labels.Equal(table.Labels(id), ls) {
				t.Fatalf("seed %d, step %d: series %d is %s, want %s", seed, step, id, table.Labels(id), ls)
			}
			break
		}
	}
}

// sameSet reports whether list is set in order.
func sameSet(list []string, set map[string]bool) bool {
	for _, s := range list {
		if !set[s] {
			return false
		}
	}
	return len(list) == len(set) && slices.IsSorted(list)
}

// TestHandedOutPostingsStay: a reader's list does not change while the table does.
func TestHandedOutPostingsStay(t *testing.T) {
	table := NewTable()
	add := func(name string) uint32 {
		id, _, err := table.GetOrAdd(labels.FromStrings("__name__", name, "job", "x"), nil)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	add("a")
	first := add("b")
	job := labels.MustNewMatcher(labels.MatchEqual, "job", "x")
	before := table.Matching(job)
	want := slices.Clone(before)
	add("c")
	table.Delete(Postings{first})
	add("d")
	if !slices.Equal(before, want) {
		t.Fatalf("got %v, want %v", before, want)
	}
	if got := table.Matching(job); !slices.Equal(got, Postings{1, 3, 4}) {
		t.Fatal(got)
	}
}

// TestRestore writes the series of a table to records, with some twice and some forgotten on the way, and
// finds them again in another table.
func TestRestore(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 2))
	for range 50 {
		table, plain := NewTable(), map[uint32]labels.Labels{}
		encoded := func(id uint32, ls labels.Labels) EncodedRecord {
			record, _, err := ReadRecord(AppendRecord(nil, Record{ID: id, Group: 1, Column: 1, Labels: ls}))
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			return record
		}
		for id := uint32(1); id < 80; id++ {
			ls := randomLabels(r)
			var want uint32
			for known, other := range plain {
				if labels.Equal(other, ls) {
					want = known
				}
			}
			twin, err := table.Restore(encoded(id, ls))
			if err != nil || twin != want {
				t.Fatalf("seed %d: %s under %d: twin %d, want %d (%v)", seed, ls, id, twin, want, err)
			}
			if want == 0 {
				plain[id] = ls
			}
			for known, other := range plain {
				switch r.IntN(40) {
				case 0:
					table.Delete(Postings{known})
					delete(plain, known)
				case 1:
					if twin, err := table.Restore(encoded(known, other)); err != nil || twin != known {
						t.Fatalf("seed %d: again: twin %d, want %d (%v)", seed, twin, known, err)
					}
				case 2:
					other := labels.FromStrings("__name__", "other")
					if _, err := table.Restore(encoded(known, other)); err == nil {
						t.Fatalf("seed %d: id %d was given twice", seed, known)
					}
				}
			}
		}
		for id, ls := range plain {
			if got := table.Labels(id); !labels.Equal(got, ls) || table.Lookup(ls) != id {
				t.Fatalf("seed %d: %d has the labels %s, want %s; looked up %d", seed, id, got, ls, table.Lookup(ls))
			}
			ls.Range(func(l labels.Label) {
				if !slices.Contains(table.Matching(labels.MustNewMatcher(labels.MatchEqual, l.Name, l.Value)), id) {
					t.Fatalf("seed %d: %d is not among %v", seed, id, l)
				}
			})
		}
		if table.Len() != len(plain) {
			t.Fatalf("seed %d: %d series, want %d", seed, table.Len(), len(plain))
		}
	}
}

// FuzzRecord: bytes are refused, or they are what writing the record gives again.
func FuzzRecord(f *testing.F) {
	f.Add(AppendRecord(nil, Record{ID: 1, Group: 2, Column: 3, Labels: labels.FromStrings("__name__", "up", "job", "a")}))
	f.Add([]byte{1, 1, 1, 0xff, 0xff, 0x03})
	f.Fuzz(func(t *testing.T, data []byte) {
		r, size, err := ReadRecord(data)
		if err != nil {
			return
		}
		if size > len(data) {
			t.Fatalf("%d bytes of %d", size, len(data))
		}
		check := func(again EncodedRecord, _ int, err error) {
			t.Helper()
			if err != nil || again.ID != r.ID || again.Group != r.Group || again.Column != r.Column || !labels.Equal(again.Labels(), r.Labels()) {
				t.Fatalf("%+v came back as %+v: %v", r.Record(), again.Record(), err)
			}
		}
		check(ReadRecord(AppendRecord(nil, r.Record())))
		for _, before := range []EncodedRecord{{}, r, {ID: math.MaxUint32, Group: 5, Column: math.MaxUint16}} {
			check(ReadNextRecord(AppendNextRecord(nil, before.Record(), r.Record()), before))
		}
		if _, size, err := ReadNextRecord(data, r); err == nil && size > len(data) {
			t.Fatalf("%d bytes of %d", size, len(data))
		}
	})
}
