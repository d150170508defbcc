package window

import "math"

// Last is the mean of each live series' latest sample in window i; a series that ended with a stale
// marker is not live. Unknown when no series is.
func Last(series []*Series, i int) Result {
	var sum Sum
	live := 0
	for _, s := range series {
		if _, newest := s.span(i); newest != nil && s.live(i, newest) {
			sum.Add(newest.value)
			live++
		}
	}
	if live == 0 {
		return unknown(0)
	}
	return known(sum.Value()/float64(live), live)
}

// Age is how many seconds ago, on the server's clock now (in milliseconds), the newest sample of
// all series was taken. Unknown while there never was one.
func Age(series []*Series, now int64) Result {
	least := int64(math.MaxInt64)
	for _, s := range series {
		if newest, ok := s.Newest(); ok {
			least = min(least, s.Clock.Age(newest, now))
		}
	}
	if least == math.MaxInt64 {
		return unknown(0)
	}
	return known(float64(max(0, least))/1000, 1)
}
