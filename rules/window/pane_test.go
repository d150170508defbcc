package window

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"
)

// checkPane packs points and compares what comes back, bit for bit.
func checkPane(t *testing.T, points []point) (bytes int) {
	t.Helper()
	p := packPane(7, points)
	var memory [paneRows]point
	got := p.unpack(&memory)
	if len(got) != len(points) || p.first != 7 || p.newest != points[len(points)-1].time {
		t.Fatalf("%d points became %d, the last at %d", len(points), len(got), p.newest)
	}
	for i := range points {
		if got[i].time != points[i].time || math.Float64bits(got[i].value) != math.Float64bits(points[i].value) {
			t.Fatalf("point %d: %v became %v", i, points[i], got[i])
		}
	}
	return len(p.packed)
}

// FuzzPane: any samples come back bit for bit.
func FuzzPane(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("0123456789abcdef0123456789abcdef"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var points []point
		at := int64(1_700_000_000_000)
		for len(data) >= 11 && len(points) < paneRows {
			at += int64(binary.LittleEndian.Uint16(data)) + 1
			v := math.Float64frombits(binary.LittleEndian.Uint64(data[2:]))
			switch data[10] % 4 {
			case 0:
				v = absent
			case 1:
				v = float64(int8(data[2])) / 100
			}
			points, data = append(points, point{at, v}), data[11:]
		}
		if len(points) > 0 {
			checkPane(t, points)
		}
	})
}

// TestPanes: the extremes of times and values come back too.
func TestPanes(t *testing.T) {
	for _, values := range [][]float64{
		{0}, {math.Copysign(0, -1)}, {absent}, {absent, absent}, {absent, 1}, {math.NaN(), math.Inf(1), math.Inf(-1)},
		{math.MaxFloat64, -math.MaxFloat64, 5e-324}, {1 << 53, -(1 << 53), 1<<53 + 2}, {0.1, 0.25, 1e-6, 1e-7}, {3, 3, 3, 3},
	} {
		for _, step := range []int64{1, 15_000, 1 << 40} {
			var points []point
			for i, v := range values {
				points = append(points, point{-3 + int64(i*i+i)*step, v})
			}
			checkPane(t, points)
		}
	}
}

// TestPanesAreSmall: what telemetry is made of takes little; a week of it at 15 s is 40,320 samples.
func TestPanesAreSmall(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	counter := 0.0
	for _, c := range []struct {
		name  string
		value func() float64
		most  float64 // bytes a sample
	}{
		{"a counter", func() float64 { counter += float64(r.IntN(1000)); return counter }, 1.6},
		{"a level", func() float64 { return float64(r.IntN(64)) }, 1},
		{"decimals", func() float64 { return float64(r.IntN(3000)) / 1000 }, 1.8},
		{"a constant", func() float64 { return 0.3 }, 0.2},
		{"floats", func() float64 { return 0.5 + r.Float64() }, 7},
	} {
		points := make([]point, paneRows)
		for i := range points {
			points[i] = point{1_700_000_000_000 + int64(i)*15_000, c.value()}
		}
		if size := float64(checkPane(t, points)) / paneRows; size > c.most {
			t.Errorf("%s takes %.2f bytes a sample", c.name, size)
		}
	}
}

// TestWeekOfSamples: a window of a week takes less than 100 kB where samples are whole numbers or decimals, a
// sixth of what they are, and never more than it is reckoned at.
func TestWeekOfSamples(t *testing.T) {
	const week, interval = int64(7 * 24 * 3600 * 1000), 15_000
	for _, c := range []struct {
		name string
		most int // bytes
		step func(r *rand.Rand, v float64) float64
	}{
		{"counter", 100_000, func(r *rand.Rand, v float64) float64 { return v + float64(r.IntN(1000)) }},
		{"decimals", 100_000, func(r *rand.Rand, v float64) float64 { return float64(r.IntN(3000)) / 1000 }},
		{"floats", 645_000, func(r *rand.Rand, v float64) float64 { return r.Float64() }},
	} {
		r := rand.New(rand.NewPCG(1, 2))
		plan := &Plan{Grace: 60_000, Specs: []Spec{{Family: Increases, Width: week}}}
		s, v := NewSeries(plan, new(Clock)), 0.0
		for at := int64(1_700_000_000_000); at < 1_700_000_000_000+week+3600_000; at += interval {
			v = c.step(r, v)
			s.Add(at, v)
			s.Slide(at)
		}
		if got := s.windows[0].samples(); got != int(week/interval) {
			t.Fatalf("%d samples", got)
		}
		size := 8*len(s.values.items) + 4*len(s.rows.times.distances.items)
		for _, p := range s.sealed.panes {
			size += int(unsafe.Sizeof(p)) + cap(p.packed)
		}
		size += int(unsafe.Sizeof(pane{})) * (cap(s.sealed.panes) - len(s.sealed.panes))
		for _, o := range s.sealed.open {
			if o != nil {
				size += int(unsafe.Sizeof(*o))
			}
		}
		t.Logf("a week of %s: %d bytes", c.name, size)
		if limit := min(c.most, 16*plan.Weight(interval*time.Millisecond)); size > limit {
			t.Errorf("a week of %s takes %d bytes, want at most %d", c.name, size, limit)
		}
	}
}
