package actions

import (
	"crypto/rand"
	"fmt"

	"github.com/neuroweaver/heddle/actions/alert"
)

// Alerts lists the alerts that f selects, oldest first.
func (m *Manager) Alerts(f alert.Filter) []alert.Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.book.List(m.o.Now(), f)
}

// AcknowledgeAlert notes that somebody has taken a firing alert on. It ends with the alert.
func (m *Manager) AcknowledgeAlert(id, who, why string) (alert.Status, error) {
	if who == "" || len(who)+len(why) > maxWords {
		return alert.Status{}, fmt.Errorf("%w: say who you are, in 1 to %d characters with the reason", ErrInvalid, maxWords)
	}
	var status alert.Status
	err := m.commit(m.o.Now(), func(t *turn) error {
		a := m.book.Acknowledge(id, alert.Acknowledgement{By: who, Why: why, Time: t.now})
		if a == nil {
			return fmt.Errorf("%w: no firing alert has the ID %q", ErrNotFound, id)
		}
		status = m.book.Describe(a, t.now)
		t.batch.Put(bucketAlert, id, a)
		t.batch.Event(t.now, "alert_acknowledged", alertEvent(status, &alertChange{}))
		return nil
	})
	return status, err
}

// Silences lists the silences that have not ended, by their end.
func (m *Manager) Silences() []alert.Silence {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.book.Silences()
}

// Silence mutes what its matchers select until it ends. Without an ID it is a new one; without a
// start it starts now.
func (m *Manager) Silence(s alert.Silence) (alert.Silence, error) {
	err := m.commit(m.o.Now(), func(t *turn) error {
		if s.ID == "" {
			s.ID = rand.Text()
		}
		if s.StartsAt.IsZero() {
			s.StartsAt = t.now
		}
		if len(s.ID)+len(s.By)+len(s.Why) > maxWords {
			return fmt.Errorf("%w: ID, created_by and comment take more than %d characters", ErrInvalid, maxWords)
		}
		if err := m.book.SetSilence(t.now, s); err != nil {
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		t.batch.Put(bucketSilence, s.ID, s)
		t.batch.Event(t.now, "silence", silenceEvent{Silence: s, Who: s.By, Reason: s.Why})
		return nil
	})
	return s, err
}

// ExpireSilence ends a silence before its time.
func (m *Manager) ExpireSilence(id, who, why string) error {
	if who == "" || len(who)+len(why) > maxWords {
		return fmt.Errorf("%w: say who you are, in 1 to %d characters with the reason", ErrInvalid, maxWords)
	}
	return m.commit(m.o.Now(), func(t *turn) error {
		s, ok := m.book.EndSilence(id)
		if !ok {
			return fmt.Errorf("%w: no silence has the ID %q", ErrNotFound, id)
		}
		t.batch.Delete(bucketSilence, id)
		t.batch.Event(t.now, "silence_ended", silenceEvent{Silence: s, Who: who, Reason: why})
		return nil
	})
}

// PreviewSilence lists the firing alerts that a silence with these matchers would mute.
func (m *Manager) PreviewSilence(ms []alert.Matcher) ([]alert.Status, error) {
	matchers, err := alert.Compile(ms)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return m.Alerts(alert.Filter{Matchers: matchers}), nil
}
