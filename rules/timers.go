package rules

import "container/heap"

// timers wake subjects. An entry counts only while it is its subject's latest, so moving an alarm
// earlier adds an entry, and moving it later waits until the old one rings.
type timers []timer

type timer struct {
	at      int64 // nanoseconds since the epoch
	subject *subject
}

// set makes sure that the subject is woken at its wake time.
func (q *timers) set(s *subject) {
	if s.wake == 0 || s.alarm != 0 && s.alarm <= s.wake {
		return
	}
	s.alarm = s.wake
	heap.Push((*timerHeap)(q), timer{s.wake, s})
}

// due takes out the next subject whose wake time has come by now; nil when there is none.
func (q *timers) due(now int64) *subject {
	for len(*q) > 0 && (*q)[0].at <= now {
		t := heap.Pop((*timerHeap)(q)).(timer)
		if t.subject.alarm != t.at {
			continue // an earlier alarm took its place
		}
		t.subject.alarm = 0
		if t.subject.wake == 0 {
			continue
		}
		if t.subject.wake > now {
			q.set(t.subject)
			continue
		}
		return t.subject
	}
	return nil
}

// next is the time of the next entry; 0: none.
func (q *timers) next() int64 {
	if len(*q) == 0 {
		return 0
	}
	return (*q)[0].at
}

type timerHeap []timer

func (h timerHeap) Len() int           { return len(h) }
func (h timerHeap) Less(i, j int) bool { return h[i].at < h[j].at }
func (h timerHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *timerHeap) Push(t any)        { *h = append(*h, t.(timer)) }

func (h *timerHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = timer{}
	*h = (*h)[:last]
	return t
}
