package window

import "slices"

// Clock is the time of one group of series that are sent together. Windows end at the group's
// newest sample, on the samples' own time; once the group has been silent for longer than its
// habit, they move on with the server's clock, from there. So an offset between the two clocks
// cancels out: it neither hides a degradation nor makes one. All times are in milliseconds.
type Clock struct {
	newest  int64 // time of the newest sample
	arrived int64 // server's clock when it arrived
	batch   int64 // server's clock of the latest arrival of anything
	steps   cadence
	gaps    cadence
	// interval and silentAt follow from the above; they are read far more often than they change.
	interval, silentAt int64
	seen               bool
	rows               *rows // of the series that joined
}

// Copy returns a clock that goes on as this one does, for other series.
func (c *Clock) Copy() *Clock {
	copied := *c
	copied.rows = nil
	return &copied
}

func (c *Clock) groupRows() *rows {
	if c.rows == nil {
		c.rows = newRows()
	}
	return c.rows
}

// cadence remembers the latest few distances between samples or arrivals. Their median is a habit
// that neither a single gap nor a burst moves.
type cadence struct {
	recent [cadenceMemory]int32
	middle int32 // their median
	count  uint8
	next   uint8
}

// cadenceMemory is the smallest odd number whose median survives three outliers.
const cadenceMemory = 7

// maxStep bounds a remembered distance, one day: a longer one is an absence, not a habit.
const maxStep = 24 * 3600 * 1000

func (c *cadence) add(step int64) {
	if step <= 0 || step > maxStep {
		return
	}
	same := c.count == cadenceMemory && c.recent[c.next] == int32(step)
	c.recent[c.next] = int32(step)
	c.next = (c.next + 1) % cadenceMemory
	if same {
		return
	}
	c.count = min(c.count+1, cadenceMemory)
	sorted := c.recent
	slices.Sort(sorted[:c.count])
	c.middle = sorted[c.count/2]
}

// median returns the usual distance, 0 while there is none.
func (c *cadence) median() int64 { return int64(c.middle) }

// Observe takes the time of a sample of the group and the server's clock at its arrival.
func (c *Clock) Observe(sample, now int64) {
	if c.seen {
		c.gaps.add(now - c.batch)
	}
	c.batch = max(c.batch, now)
	if !c.seen || sample > c.newest {
		if c.seen {
			c.steps.add(sample - c.newest)
		}
		c.newest, c.arrived, c.seen = sample, now, true
	}
	c.interval = c.steps.median()
	c.silentAt = c.batch + firstSilence
	if gap := c.Gap(); gap > 0 {
		c.silentAt = c.batch + max(leastSilence, int64(silentGaps*float64(gap)))
	}
}

// Newest is the time of the newest sample.
func (c *Clock) Newest() int64 { return c.newest }

// Skew is how far the sender's clock is ahead of the server's (negative: behind), as the newest
// sample showed it: network and batching make it look somewhat late.
func (c *Clock) Skew() int64 { return c.newest - c.arrived }

// Interval is the usual time between two samples of the group; 0 while fewer than two are known.
func (c *Clock) Interval() int64 { return c.interval }

const (
	// silentGaps is how many usual arrival gaps make a silence: two arrivals missed, and half a
	// gap for jitter.
	silentGaps = 2.5
	// leastSilence keeps a sender that pushes many times a second from being called silent
	// because of one slow request.
	leastSilence = 2_000
	// firstSilence is assumed while only one arrival is known: the longest usual scrape interval.
	firstSilence = 60_000
)

// SilentAt is the server's time from which the group counts as silent, if nothing arrives.
func (c *Clock) SilentAt() int64 { return c.silentAt }

// End is where the group's windows end at the server's time now.
func (c *Clock) End(now int64) int64 {
	if now < c.silentAt {
		return c.newest
	}
	return c.newest + max(0, now-c.arrived)
}

// Age is how long before now (server's time) a sample of the group was taken.
func (c *Clock) Age(sample, now int64) int64 {
	return c.newest - sample + max(0, now-c.arrived)
}

// Gap is the usual time between two arrivals of the group; 0 while fewer than two are known. It is at
// least the time between two samples: a sender that has caught up with a backlog, many samples in
// a moment, goes on at its own pace.
func (c *Clock) Gap() int64 { return max(c.gaps.median(), c.interval) }
