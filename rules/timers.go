package rules

import "container/heap"

// timers wake subjects. Those that are to be woken at the same moment, as the subjects of one batch mostly
// are, share an entry. An entry counts for a subject only while it is its latest, so moving an alarm
// earlier adds to another entry, and moving it later waits until the old one rings. The zero value is ready.
type timers struct {
	entries entryHeap
	byTime  map[int64]*entry
	latest  *entry // that was added to
	ringing entry  // what is left of the one that is being taken out
}

type entry struct {
	at       int64 // nanoseconds since the epoch
	subjects []*subject
}

// set makes sure that the subject is woken at its wake time.
func (q *timers) set(s *subject) {
	if s.wake == 0 || s.alarm != 0 && s.alarm <= s.wake {
		return
	}
	s.alarm = s.wake
	if q.latest == nil || q.latest.at != s.wake {
		q.latest = q.entry(s.wake)
	}
	q.latest.subjects = append(q.latest.subjects, s)
}

// entry returns the entry of a time, and makes it where there is none.
func (q *timers) entry(at int64) *entry {
	if e := q.byTime[at]; e != nil {
		return e
	}
	if q.byTime == nil {
		q.byTime = map[int64]*entry{}
	}
	e := &entry{at: at}
	q.byTime[at] = e
	heap.Push(&q.entries, e)
	return e
}

// due takes out the next subject whose wake time has come by now; nil when there is none.
func (q *timers) due(now int64) *subject {
	for {
		for len(q.ringing.subjects) > 0 {
			s := q.ringing.subjects[0]
			q.ringing.subjects = q.ringing.subjects[1:]
			if s.alarm != q.ringing.at {
				continue // an earlier alarm took its place
			}
			s.alarm = 0
			switch {
			case s.wake == 0:
			case s.wake > now:
				q.set(s)
			default:
				return s
			}
		}
		if len(q.entries) == 0 || q.entries[0].at > now {
			return nil
		}
		q.ringing = *heap.Pop(&q.entries).(*entry)
		q.latest = nil
		delete(q.byTime, q.ringing.at)
	}
}

// next is the time of the next entry; 0: none.
func (q *timers) next() int64 {
	if len(q.entries) == 0 {
		return 0
	}
	return q.entries[0].at
}

type entryHeap []*entry

func (h entryHeap) Len() int           { return len(h) }
func (h entryHeap) Less(i, j int) bool { return h[i].at < h[j].at }
func (h entryHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *entryHeap) Push(e any)        { *h = append(*h, e.(*entry)) }

func (h *entryHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return e
}
