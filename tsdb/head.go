package tsdb

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/neuroweaver/heddle/tsdb/index"
)

// head is the series and groups that take samples. Which series there are is in index; where a series
// has its column is here.
type head struct {
	index   *index.Table
	keys    *keyCache
	cache   *groupCache
	packers sync.Pool // *chunkPacker
	limit   limits

	refs   paged[columnRef] // by SeriesID
	groups paged[atomic.Pointer[group]]

	seriesCount atomic.Int64

	// mu guards the fields below and the growth of the lists above. Taken before the group lock and
	// the index lock.
	mu         sync.Mutex
	groupCount int
	filling    map[string]*group // by group key: the group that new series join
	unlogged   []SeriesID        // series that the write-ahead log does not have yet
	unsaved    []SeriesID        // series that the series log does not have yet
}

const (
	// maxChunkRows is the usual length of a chunk: the codec works in frames of 128 values.
	maxChunkRows = 128
	minChunkRows = 16
	// openBytes is the memory that open chunks may take in all, roughly: with many series their chunks
	// are shorter, down to minChunkRows.
	openBytes = 128 << 20
)

// chunkRows is how many rows a chunk may have.
func (h *head) chunkRows() int {
	series := int(h.seriesCount.Load())
	return min(maxChunkRows, max(minChunkRows, openBytes/8/max(1, series)))
}

// columnRef says where a series has its column: the group's id and the column, packed so that both
// are read and written at once. Zero means that the series does not exist; deadRef is set for one that
// was forgotten.
type columnRef struct{ packed atomic.Uint64 }

const deadRef = 1 << 63

func (r *columnRef) store(g groupID, col int) { r.packed.Store(uint64(g)<<16 | uint64(col)) }

func (r *columnRef) load() (g groupID, col int) {
	packed := r.packed.Load() &^ deadRef
	return groupID(packed >> 16), int(packed & math.MaxUint16)
}

func newHead(limit limits) *head {
	return &head{index: index.NewTable(), keys: newKeyCache(), cache: newGroupCache(groupCacheBytes), packers: sync.Pool{New: func() any { return new(chunkPacker) }}, limit: limit, filling: map[string]*group{}}
}

// group returns a group, nil where there is none with this id.
func (h *head) group(id groupID) *group {
	p := h.groups.at(int(id))
	if p == nil {
		return nil
	}
	return p.Load()
}

// locate returns the group and column of a series, nil where there is no such series.
func (h *head) locate(id SeriesID) (*group, int) {
	if id > math.MaxUint32 {
		return nil, 0
	}
	ref := h.refs.at(int(id))
	if ref == nil {
		return nil, 0
	}
	g, col := ref.load()
	if g == 0 {
		return nil, 0
	}
	return h.group(g), col
}

// target returns what a sample of a series is appended to; a series that was forgotten while the
// append was under way is brought back. It returns 0 where there is no such series.
func (h *head) target(id SeriesID) (SeriesID, *group, int) {
	g, col := h.locate(id)
	if g == nil {
		return 0, nil, 0
	}
	if h.refs.at(int(id)).packed.Load()&deadRef != 0 {
		if id = h.revive(id); id == 0 {
			return 0, nil, 0
		}
		g, col = h.locate(id)
	}
	return id, g, col
}

// all returns every group.
func (h *head) all() []*group {
	h.mu.Lock()
	count := h.groupCount
	h.mu.Unlock()
	groups := make([]*group, 0, count)
	for id := 1; id <= count; id++ {
		if g := h.group(groupID(id)); g != nil {
			groups = append(groups, g)
		}
	}
	return groups
}

// series returns the series with these labels, and makes it where there is none.
func (h *head) series(ls labels.Labels) (SeriesID, error) {
	if id := h.index.Lookup(ls); id != 0 {
		return SeriesID(id), nil
	}
	if err := checkLabels(ls); err != nil {
		return 0, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	id, added, err := h.index.GetOrAdd(ls, func(counts index.Counts) error { return h.limit.admit(counts, ls) })
	if err != nil || !added {
		return SeriesID(id), err
	}
	g := h.groupFor(ls)
	h.place(SeriesID(id), g, len(g.series), neverTime)
	h.unlogged = append(h.unlogged, SeriesID(id))
	h.unsaved = append(h.unsaved, SeriesID(id))
	return SeriesID(id), nil
}

// checkLabels reports why ls can not name a series.
func checkLabels(ls labels.Labels) error {
	if ls.IsEmpty() {
		return fmt.Errorf("%w: no labels", ErrInvalidLabels)
	}
	if name, duplicate := ls.HasDuplicateLabelNames(); duplicate {
		return fmt.Errorf("%w: label %q is given twice in %s", ErrInvalidLabels, name, ls)
	}
	var bad error
	before := ""
	ls.Range(func(l labels.Label) {
		switch {
		case l.Name == "" || l.Value == "":
			bad = fmt.Errorf("%w: empty label name or value in %s", ErrInvalidLabels, ls)
		case l.Name < before:
			bad = fmt.Errorf("%w: labels are not sorted in %s", ErrInvalidLabels, ls)
		}
		before = l.Name
	})
	return bad
}

// groupFor returns the group that a new series joins. It expects h.mu to be held.
func (h *head) groupFor(ls labels.Labels) *group {
	key := GroupKey(ls)
	if g := h.filling[key]; g != nil && len(g.series) < maxColumns {
		return g
	}
	g := h.addGroup(groupID(h.groupCount + 1))
	h.filling[key] = g
	return g
}

// addGroup makes a group. It expects h.mu to be held, or the store not to be open yet.
func (h *head) addGroup(id groupID) *group {
	g := newGroup(id, h)
	h.groups.grow(int(id)).Store(g)
	h.groupCount = max(h.groupCount, int(id))
	return g
}

// place gives a series its column. It expects h.mu to be held, or the store not to be open yet.
func (h *head) place(id SeriesID, g *group, col int, last int64) {
	g.setSeries(col, id, last)
	h.refs.grow(int(id)).store(g.id, col)
	h.seriesCount.Add(1)
}

// record is a series as the logs keep it.
func (h *head) record(id SeriesID) index.Record {
	g, col := h.refs.at(int(id)).load()
	return index.Record{ID: uint32(id), Group: uint32(g), Column: uint16(col), Labels: h.index.Labels(uint32(id))}
}

var errRecord = errors.New("series record contradicts another one")

// restore brings back a series from a log. The same record may come twice.
func (h *head) restore(r index.EncodedRecord) error {
	if r.ID == 0 || r.Group == 0 || r.Column >= maxColumns {
		return errRecord
	}
	known, col := h.locate(SeriesID(r.ID))
	twin, err := h.index.Restore(r)
	if twin != 0 && twin != r.ID {
		// The older one was forgotten before the newer one was made; the log still had it.
		h.index.Delete(index.Postings{twin})
		ref := h.refs.at(int(twin))
		ref.packed.Store(ref.packed.Load() | deadRef)
		twin, err = h.index.Restore(r)
	}
	if err != nil {
		return err
	}
	if known != nil {
		if twin != r.ID || known.id != groupID(r.Group) || col != int(r.Column) {
			return errRecord
		}
		return nil
	}
	g := h.group(groupID(r.Group))
	if g == nil {
		g = h.addGroup(groupID(r.Group))
		h.filling[GroupKey(r.Labels())] = g
	}
	if int(r.Column) < len(g.series) && g.series[r.Column] != 0 {
		return errRecord
	}
	h.place(SeriesID(r.ID), g, int(r.Column), noTime)
	return nil
}

// appendSeries appends log entries of series to dst.
func (h *head) appendSeries(dst []byte, ids []SeriesID) []byte {
	for i, id := range ids {
		if i == 0 { // there may be others in the frame
			dst = appendSeriesEntry(dst, h.record(id))
		} else {
			dst = appendNextSeriesEntry(dst, h.record(ids[i-1]), h.record(id))
		}
	}
	return dst
}

// takeUnlogged returns the series that the write-ahead log must get before their samples do.
func (h *head) takeUnlogged() []SeriesID {
	h.mu.Lock()
	defer h.mu.Unlock()
	ids := h.unlogged
	h.unlogged = nil
	return ids
}

// putBackUnlogged is called when they could not be written.
func (h *head) putBackUnlogged(ids []SeriesID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unlogged = append(ids, h.unlogged...)
}

// unsavedSeries returns the series that the series log does not have yet.
func (h *head) unsavedSeries() []SeriesID {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clip(h.unsaved)
}

// forgetUnsaved is called when the first n of them are saved.
func (h *head) forgetUnsaved(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unsaved = slices.Clone(h.unsaved[n:])
}
