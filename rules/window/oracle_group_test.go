package window

import (
	"math/rand/v2"
	"os"
	"testing"
)

// member is one series of a group and how it behaves.
type member struct {
	fed
	every   int // it has a sample in each of so many rows
	delay   int // rows that pass before its samples arrive
	joins   int // row in which it joins the group; it has samples before, as a series read from the store
	begins  int
	value   float64
	waiting []held
}

type held struct {
	point
	due int // row in which it arrives
}

// TestGroupsAgreeWithPromQL compares the windows of series that share rows with PromQL's functions over the
// plain lists of their samples: with series that miss rows, keep another pace, lag, begin late or were read
// from the store; with late samples and gaps; and with windows so long that most of them lies in panes.
func TestGroupsAgreeWithPromQL(t *testing.T) {
	seed := randomSeed(t)
	rounds := 4
	if os.Getenv("HEDDLE_LONG") != "" {
		rounds = 100
	}
	for round := range rounds {
		r := rand.New(rand.NewPCG(seed, uint64(round)))
		if compared := compareGroup(t, r); compared < 5000 {
			t.Errorf("round %d: only %d known values", round, compared)
		}
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
}

func compareGroup(t *testing.T, r *rand.Rand) (compared int) {
	const rows = 2500
	s := shape{counter: r.IntN(2) == 0, integers: r.IntN(2) == 0, interval: 1000}
	if r.IntN(2) == 0 {
		s.jitter = 300
	}
	long := &Plan{Grace: 60_000}
	for _, width := range []int64{20_000, 400_000, 1_500_000} {
		for _, lag := range []int64{0, 700_000} {
			for family := Counts; family <= Ranks; family++ {
				long.Specs = append(long.Specs, Spec{Family: family, Width: width, Lag: lag})
			}
		}
	}
	short := &Plan{Grace: 60_000, Specs: long.Specs[:int(Ranks)+1]}
	clock := new(Clock)
	var group []*member
	for _, m := range []member{
		{every: 1}, {every: 1}, {every: 2}, {every: 9}, {every: 1, delay: 350}, {every: 1, begins: 700}, {every: 1, joins: 1300}, {every: 3, joins: 1700},
		{every: 1}, {every: 5}, {every: 1, delay: 30, joins: 600},
	} {
		m.plan = long
		if len(group) >= 8 {
			m.plan = short
		}
		m.Series = NewSeries(m.plan, new(Clock))
		m.value = float64(r.IntN(100))
		if m.joins == 0 && m.begins == 0 {
			m.Join(clock)
		}
		group = append(group, &m)
	}
	at, end := int64(1_700_000_000_000), int64(0)
	for row := range rows {
		at += s.interval
		if s.jitter > 0 {
			at += r.Int64N(s.jitter)
		}
		if r.IntN(150) == 0 {
			at += r.Int64N(100 * s.interval)
		}
		for _, m := range group {
			if row == max(m.joins, m.begins) {
				m.Join(clock)
			}
			if row >= m.begins && row%m.every == 0 && r.IntN(50) > 0 {
				late := 0
				if r.IntN(30) == 0 {
					late = r.IntN(80) // beyond the grace, too
				}
				m.waiting = append(m.waiting, held{point{at, m.draw(r, s)}, row + m.delay + late})
			}
			kept := m.waiting[:0]
			for _, h := range m.waiting {
				if h.due > row {
					kept = append(kept, h)
					continue
				}
				m.add(t, h.point)
			}
			m.waiting = kept
		}
		end = max(end, at)
		if r.IntN(3) > 0 {
			continue
		}
		m := group[r.IntN(len(group))]
		if m.end() == 0 {
			continue
		}
		if r.IntN(10) == 0 { // a silence, and back
			m.Slide(end + r.Int64N(m.plan.Grace))
		}
		m.Slide(end)
		if r.IntN(2) == 0 {
			compared += compareWindows(t, m, s, end)
		}
		if t.Failed() {
			t.Errorf("row %d", row)
			return compared
		}
	}
	return compared
}

// draw is the member's next value.
func (m *member) draw(r *rand.Rand, s shape) float64 {
	switch {
	case s.counter && r.IntN(25) == 0:
		m.value = r.Float64() * 5
	case s.counter:
		m.value += r.ExpFloat64() * 50
	default:
		m.value = r.NormFloat64() * 100
	}
	if s.integers {
		m.value = float64(int64(m.value))
	}
	return m.value
}

// compareWindows compares all windows of a series with PromQL's functions.
func compareWindows(t *testing.T, m *member, s shape, end int64) (compared int) {
	for i, spec := range m.plan.Specs {
		points := m.inside(end-spec.Lag, spec.Width)
		for _, c := range functionCases {
			if c.family != spec.Family {
				continue
			}
			want, known := promFunction(c.promQL, c.scalar, points, end-spec.Lag, spec.Width)
			if err := agree(c.compute([]*Series{m.Series}, i), want, known, c.tolerance(s), c.size(s, points)); err != nil {
				t.Errorf("%s over %v at %d, %d samples: %v", c.promQL, spec, end, len(points), err)
				return compared
			}
			if known {
				compared++
			}
		}
	}
	return compared
}

// TestRareSamples: two samples a day, and windows of months, with some that come after a year.
func TestRareSamples(t *testing.T) {
	r := rand.New(rand.NewPCG(randomSeed(t), 9))
	const day = int64(24 * 3600 * 1000)
	s := shape{counter: true, integers: true}
	plan := &Plan{Grace: 60_000}
	for family := Counts; family <= Ranks; family++ {
		plan.Specs = append(plan.Specs, Spec{Family: family, Width: 100 * day}, Spec{Family: family, Width: 10 * day, Lag: 70 * day})
	}
	m := &member{fed: fed{Series: NewSeries(plan, new(Clock)), plan: plan}}
	compared := 0
	for at, i := int64(0), 0; i < 1500; i++ {
		at += day/2 + r.Int64N(1000)
		if r.IntN(300) == 0 {
			at += 365 * day
		}
		m.add(t, point{at, m.draw(r, s)})
		m.Slide(at)
		if i%7 == 0 {
			compared += compareWindows(t, m, s, at)
		}
	}
	if compared < 3000 {
		t.Errorf("only %d known values", compared)
	}
}
