package tsdb_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/neuroweaver/heddle/tsdb"
	"github.com/neuroweaver/heddle/tsdb/vfs"
)

// history is what a store was told and what it promised, while it lives through trouble.
type history struct {
	acknowledged *model // appends that Commit confirmed
	attempted    *model // the same, and what was in flight when Commit failed or never returned
	// doubtful is what a failed Commit may have left when the process died before it could clean up: a
	// later sample that contradicts it, or is too old next to it, may rightly be refused.
	doubtful *model
}

func newHistory() *history { return &history{newModel(), newModel(), newModel()} }

// isDoubtful reports whether a failed commit gave anything to the sample's series: it may have raised
// the series' newest time, or stand where the sample would.
func (h *history) isDoubtful(g given) bool { return len(h.doubtful.series[g.labels.String()]) > 0 }

// check opens what is left of a store and compares it.
func (h *history) check(fs *vfs.Mem, now time.Time) error {
	db, err := tsdb.Open("data", tsdb.Options{FS: fs, Retention: testRetention, Now: func() time.Time { return now }})
	if err != nil {
		return err
	}
	got, err := contents(db)
	if err == nil {
		err = difference(got, h.acknowledged.series, h.attempted.series)
	}
	return errors.Join(err, db.Close())
}

// live runs a recorded life of a store: appends, flushes, compactions, a restart. Errors of the store
// are given to tolerate, which decides whether the life goes on.
func (h *history) live(seed uint64, steps int, o tsdb.Options, tolerate func(error) bool) error {
	g := newGenerator(seed)
	o.Retention, o.Now = testRetention, g.now
	db, err := tsdb.Open("data", o)
	if err != nil {
		return err
	}
	for step := range steps {
		batch := g.request()
		for _, sample := range batch { // whatever of it is found later was given
			h.attempted.note(sample)
		}
		got, err := send(db, batch)
		if err != nil && !tolerate(err) {
			return err
		}
		after := h.acknowledged.clone()
		want := after.append(batch, g.now())
		if err == nil && !sameResult(got, want) && len(h.doubtful.series) > 0 {
			// What a failed commit left may explain the difference, but only in the series it gave to.
			after = h.acknowledged.clone()
			clear := slices.DeleteFunc(slices.Clone(batch), h.isDoubtful)
			want = after.append(clear, g.now())
			if len(clear) < len(batch) {
				want = got
			}
		}
		switch {
		case err == nil && sameResult(got, want):
			h.acknowledged = after
		case err == nil && len(h.doubtful.series) == 0:
			return fmt.Errorf("got %+v, want %+v", got, want)
		default:
			for _, sample := range batch {
				h.doubtful.note(sample)
			}
		}
		switch {
		case step%13 == 12:
			err = db.Flush()
		case step%29 == 28:
			err = db.Compact(context.Background())
		case step%37 == 36:
			if err = db.Close(); err == nil || tolerate(err) {
				db, err = tsdb.Open("data", o)
			}
			if err != nil {
				return err
			}
		default:
			continue
		}
		if err != nil && !tolerate(err) {
			return err
		}
	}
	return db.Close()
}

func (m *model) clone() *model {
	c := &model{maps.Clone(m.series), maps.Clone(m.newest)}
	for name, samples := range c.series {
		c.series[name] = maps.Clone(samples)
	}
	return c
}

// note adds a sample that may turn up. Several may have been given for one time: all are remembered.
func (m *model) note(g given) {
	name := g.labels.String()
	if m.series[name] == nil {
		m.series[name] = map[int64]string{}
	}
	m.series[name][g.sample.TimeMS] += "|" + g.text() + "|"
}

// testSeed is HEDDLE_TSDB_SEED, or a new one. A failure must print it.
func testSeed(t *testing.T) uint64 {
	s := os.Getenv("HEDDLE_TSDB_SEED")
	if s == "" {
		return uint64(time.Now().UnixNano())
	}
	seed, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return seed
}

// TestPowerLossAtEveryOperation lives once, and ahead of each operation on the file system looks at
// what a power loss at this moment would leave: all that was acknowledged, nothing that was not given.
func TestPowerLossAtEveryOperation(t *testing.T) {
	seed := testSeed(t)
	mem, h := vfs.NewMem(), newHistory()
	random := rand.New(rand.NewPCG(seed, 2))
	operations := 0
	hook := vfs.Hook{FS: mem, Before: func(op vfs.Op, path string) error {
		switch op {
		case vfs.OpRead, vfs.OpOpen, vfs.OpList, vfs.OpLock, vfs.OpMkdir:
			return nil // they change nothing
		}
		operations++
		if err := h.check(mem.CrashClone(random), start.Add(testRetention)); err != nil {
			return fmt.Errorf("power loss ahead of operation %d (%s %s): %w", operations, op, path, err)
		}
		return nil
	}}
	err := h.live(seed, 80, tsdb.Options{FS: hook, WALSync: -1}, func(error) bool { return false })
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	if operations < 100 {
		t.Fatalf("only %d operations were seen", operations)
	}
}

// TestKillAtEveryOperation is the same for the death of the process: what it wrote is there, synced or
// not.
func TestKillAtEveryOperation(t *testing.T) {
	seed := testSeed(t)
	mem, h := vfs.NewMem(), newHistory()
	hook := vfs.Hook{FS: mem, Before: func(op vfs.Op, path string) error {
		switch op {
		case vfs.OpRead, vfs.OpOpen, vfs.OpList, vfs.OpLock, vfs.OpMkdir:
			return nil
		}
		if err := h.check(mem.Clone(), start.Add(testRetention)); err != nil {
			return fmt.Errorf("kill ahead of %s %s: %w", op, path, err)
		}
		return nil
	}}
	// An hour: the log is synced by flushes alone, and by no goroutine beside the test.
	err := h.live(seed, 80, tsdb.Options{FS: hook, WALSync: time.Hour}, func(error) bool { return false })
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
}

var errFault = errors.New("injected fault")

// TestFaultAtEveryOperation lets one operation after the other fail, once and for a while. The store
// may refuse to work meanwhile; it may not lose or make up anything, neither in memory nor on disk.
func TestFaultAtEveryOperation(t *testing.T) {
	seed := testSeed(t)
	stride := 5
	if testing.Short() {
		stride = 31
	}
	for _, length := range []int{1, 5} {
		for n := int(seed % uint64(stride)); ; n += stride {
			mem, h := vfs.NewMem(), newHistory()
			operations, on := 0, true
			hook := vfs.Hook{FS: mem, Before: func(op vfs.Op, path string) error {
				operations++
				if on && operations > n && operations <= n+length {
					return fmt.Errorf("%w: %s %s", errFault, op, path)
				}
				return nil
			}}
			err := h.live(seed, 60, tsdb.Options{FS: hook, WALSync: -1}, func(err error) bool { return errors.Is(err, errFault) })
			if err != nil && !errors.Is(err, errFault) {
				t.Fatalf("seed %d: fault %d at operation %d: %v", seed, length, n, err)
			}
			on = false
			if err := h.check(mem.Clone(), start.Add(testRetention)); err != nil {
				t.Fatalf("seed %d: after fault %d at operation %d: %v", seed, length, n, err)
			}
			if operations < n {
				break
			}
		}
	}
}

// TestDiskFull: appends fail with ErrDiskFull and leave nothing behind, reads go on, and with space
// the store goes on by itself.
func TestDiskFull(t *testing.T) {
	mem, h := vfs.NewMem(), newHistory()
	g := newGenerator(1)
	db, err := tsdb.Open("data", tsdb.Options{FS: mem, Retention: testRetention, Now: g.now})
	if err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		t.Helper()
		got, err := contents(db)
		if err == nil {
			err = difference(got, h.acknowledged.series, nil)
		}
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
	}
	for round := range 5 {
		for range 20 {
			batch := g.request()
			if _, err := send(db, batch); err != nil {
				t.Fatal(err)
			}
			h.acknowledged.append(batch, g.now())
		}
		mem.SetCapacity(mem.Used() + int64(100*round))
		full := 0
		for range 20 {
			batch := g.request()
			if _, err := send(db, batch); err == nil {
				h.acknowledged.append(batch, g.now())
			} else if errors.Is(err, tsdb.ErrDiskFull) {
				full++
			} else {
				t.Fatalf("want ErrDiskFull, got %v", err)
			}
		}
		if full == 0 {
			t.Fatal("the disk never was full")
		}
		check("full")
		if err := db.Flush(); !errors.Is(err, tsdb.ErrDiskFull) {
			t.Fatalf("flush to a full disk: %v", err)
		}
		check("after a failed flush")
		mem.SetCapacity(0)
	}
	for range 20 {
		batch := g.request()
		if _, err := send(db, batch); err != nil {
			t.Fatal(err)
		}
		h.acknowledged.append(batch, g.now())
	}
	check("with space again")
	kill := mem.Clone()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, fs := range []*vfs.Mem{mem, kill} {
		if err := h.check(fs, g.now()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDamage flips bits and cuts files of a store: it is read as it was, or refused with the file's
// name, or, where the end of a log is torn, misses only what came last.
func TestDamage(t *testing.T) {
	seed := testSeed(t)
	random := rand.New(rand.NewPCG(seed, 3))
	whole, h := vfs.NewMem(), newHistory()
	g := newGenerator(seed)
	db, err := tsdb.Open("data", tsdb.Options{FS: whole, Retention: testRetention, Now: g.now})
	if err != nil {
		t.Fatal(err)
	}
	for step := range 120 {
		batch := g.request()
		if _, err := send(db, batch); err != nil {
			t.Fatal(err)
		}
		for _, sample := range batch {
			h.attempted.note(sample)
		}
		h.acknowledged.append(batch, g.now())
		if step == 30 || step == 60 {
			if err := db.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		if step == 50 {
			if err := db.Compact(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	fs := whole.Clone()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, path := range fs.Files() {
		if strings.HasSuffix(path, "lock") {
			continue
		}
		for range 60 {
			damaged := fs.Clone()
			cut := random.IntN(4) == 0
			at := 0
			err = damaged.Change(path, func(data []byte) []byte {
				at = random.IntN(len(data))
				if cut {
					return data[:at]
				}
				data[at] ^= 1 << random.IntN(8)
				return data
			})
			if err != nil {
				t.Fatal(err)
			}
			report, err := tsdb.Check("data", damaged.Clone(), nil)
			if err != nil {
				t.Fatalf("seed %d: check with damage in %s: %v", seed, path, err)
			}
			err = h.checkDamaged(damaged, g.now())
			var corrupt *tsdb.CorruptionError
			if errors.As(err, &corrupt) {
				refused++
				if len(report.Problems) == 0 {
					t.Fatalf("seed %d: the check saw nothing, but %v", seed, err)
				}
				if corrupt.File != path && !strings.Contains(path, "wal") && !strings.Contains(path, "series") {
					t.Fatalf("seed %d: damage in %s, but %v", seed, path, err)
				}
			} else if err != nil {
				t.Fatalf("seed %d: %s, byte %d, cut %v: %v", seed, path, at, cut, err)
			}
		}
	}
	if refused == 0 {
		t.Fatal("no damage was found")
	}
}

// checkDamaged is check for a store that may miss what came last, but must not make anything up.
func (h *history) checkDamaged(fs *vfs.Mem, now time.Time) error {
	db, err := tsdb.Open("data", tsdb.Options{FS: fs, Retention: testRetention, Now: func() time.Time { return now }})
	if err != nil {
		return err
	}
	got, err := contents(db)
	if err == nil {
		err = difference(got, nil, h.attempted.series)
	}
	return errors.Join(err, db.Close())
}
