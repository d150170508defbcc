package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
)

// Read returns the events that f selects. Only durable events are seen.
func (j *Journal) Read(ctx context.Context, f Filter) ([]Event, error) {
	limit := f.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	return j.read(ctx, f, min(limit, MaxLimit))
}

func (j *Journal) read(ctx context.Context, f Filter, limit int) ([]Event, error) {
	query, args := f.sql()
	rows, err := j.reader.QueryContext(ctx, query, append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	defer rows.Close()
	events := []Event{}
	for rows.Next() {
		var e Event
		var seq, timeNS int64
		var payload, hash []byte
		if err := rows.Scan(&seq, &timeNS, &e.Kind, &payload, &hash); err != nil {
			return nil, fmt.Errorf("journal: event after %d: %w", lastSeq(events), err)
		}
		if len(hash) != len(e.Hash) || !json.Valid(payload) {
			return nil, fmt.Errorf("journal: event %d is damaged: `heddle audit verify` shows more", seq)
		}
		e.Seq, e.Time, e.Payload, e.Hash = uint64(seq), time.Unix(0, timeNS).UTC(), payload, Hash(hash)
		events = append(events, e)
	}
	return events, rows.Err()
}

func lastSeq(events []Event) uint64 {
	if len(events) == 0 {
		return 0
	}
	return events[len(events)-1].Seq
}

// sql is the query for f; its last parameter is the limit.
func (f Filter) sql() (string, []any) {
	where, args := []string{"1"}, []any{}
	and := func(condition string, values ...any) {
		where, args = append(where, condition), append(args, values...)
	}
	if len(f.Kinds) > 0 {
		kinds := make([]any, len(f.Kinds))
		for i, kind := range f.Kinds {
			kinds[i] = kind
		}
		and("kind IN (?"+strings.Repeat(", ?", len(kinds)-1)+")", kinds...)
	}
	for field, value := range map[string]string{"route": f.Route, "rule": f.Rule, "model": f.Model, "alert": f.Alert} {
		if value != "" {
			and("json_extract(payload, '$."+field+"') = ?", value)
		}
	}
	if !f.From.IsZero() {
		and("time_ns >= ?", f.From.UnixNano())
	}
	if !f.To.IsZero() {
		and("time_ns <= ?", f.To.UnixNano())
	}
	order := "ASC"
	if f.Newest {
		order = "DESC"
		if f.After > 0 {
			and("seq < ?", int64(f.After))
		}
	} else {
		and("seq > ?", int64(f.After))
	}
	return "SELECT seq, time_ns, kind, CAST(payload AS BLOB), hash FROM event WHERE " + strings.Join(where, " AND ") +
		" ORDER BY seq " + order + " LIMIT ?", args
}

// exportChunk is how many events are read at a time, so that an export of any length holds neither
// memory nor the log of the database.
const exportChunk = 1000

// Export writes the events that f selects, oldest first and without limit, as one JSON object a line.
func (j *Journal) Export(ctx context.Context, w io.Writer, f Filter) error {
	f.Newest = false
	for {
		events, err := j.read(ctx, f, exportChunk)
		if err != nil {
			return err
		}
		for _, e := range events {
			line, err := json.Marshal(e)
			if err != nil {
				return err
			}
			if _, err := w.Write(append(line, '\n')); err != nil {
				return err
			}
		}
		if len(events) < exportChunk {
			return nil
		}
		f.After = lastSeq(events)
	}
}

// Rows gives the rows of a bucket in the order of their keys. It is for the start: nothing may be
// written meanwhile.
func (j *Journal) Rows(ctx context.Context, bucket string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		rows, err := j.reader.QueryContext(ctx, `SELECT body FROM state WHERE bucket = ? ORDER BY key`, bucket)
		if err != nil {
			yield("", fmt.Errorf("journal: bucket %s: %w", bucket, err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var body string
			err := rows.Scan(&body)
			if !yield(body, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield("", fmt.Errorf("journal: bucket %s: %w", bucket, err))
		}
	}
}

// SizeBytes is what the journal's database takes, its log not counted.
func (j *Journal) SizeBytes(ctx context.Context) (int64, error) {
	var pages, size int64
	if err := j.reader.QueryRowContext(ctx, `PRAGMA page_count`).Scan(&pages); err != nil {
		return 0, err
	}
	if err := j.reader.QueryRowContext(ctx, `PRAGMA page_size`).Scan(&size); err != nil {
		return 0, err
	}
	return pages * size, nil
}
