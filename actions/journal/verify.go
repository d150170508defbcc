package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
)

// Verify checks the journal at path without writing to it; a server may be using it.
func Verify(ctx context.Context, path string) (Report, error) {
	if _, err := os.Stat(path); err != nil {
		return Report{}, err
	}
	db, err := connect(path, "ro")
	if err != nil {
		return Report{}, err
	}
	defer db.Close()
	return verify(ctx, db, path)
}

// Verify checks every link of the chain, its end against the head row and the head file, the file's
// own structure, and its bytes against the seal. The error is for what keeps it from checking; what it finds is in the report.
func (j *Journal) Verify(ctx context.Context) (Report, error) {
	return verify(ctx, j.reader, j.path)
}

func verify(ctx context.Context, db *sql.DB, path string) (Report, error) {
	// The head file is read first: the chain may grow meanwhile, and it is never behind the file.
	mark, markErr := readHeadAt(path + headSuffix)
	report, err := verifyChain(ctx, db, mark)
	if err != nil || report.Broken != nil {
		return report, err
	}
	if errors.Is(markErr, os.ErrNotExist) && report.Events == 0 {
		markErr = nil
	}
	switch {
	case markErr != nil:
		report.Broken = &Broken{report.Events + 1, fmt.Sprintf("whether events are missing at the end cannot be told: %v", markErr)}
	case mark.seq > report.Events:
		report.Broken = &Broken{report.Events + 1, fmt.Sprintf("the end is missing: the journal once held %d events", mark.seq)}
	default:
		report.Broken, err = verifyStructure(ctx, db)
	}
	if err != nil || report.Broken != nil {
		return report, err
	}
	problem, err := verifySeal(ctx, path)
	if problem != "" {
		report.Broken = &Broken{report.Events, problem}
	}
	return report, err
}

// mark is an event that the head file names.
type mark struct {
	seq  uint64
	hash Hash
}

func readHeadAt(path string) (mark, error) {
	file, err := os.Open(path)
	if err != nil {
		return mark{}, err
	}
	defer file.Close()
	seq, hash, err := readHead(file)
	return mark{seq, hash}, err
}

// verifyChain follows the chain from its first event. It reads in chunks, so that a long journal
// keeps nobody from writing.
func verifyChain(ctx context.Context, db *sql.DB, m mark) (Report, error) {
	var report Report
	var hash Hash
	for {
		n, broken, err := verifyChunk(ctx, db, report.Events, &hash, m)
		report.Events += uint64(n)
		report.Head = hash.String()
		if err != nil {
			return report, err
		}
		if broken != "" {
			report.Broken = &Broken{report.Events + 1, broken}
			return report, nil
		}
		if n < exportChunk {
			return report, nil
		}
	}
}

// verifyChunk checks the events after seq and moves hash on; it returns how many were good and what
// is wrong with the next.
func verifyChunk(ctx context.Context, db *sql.DB, seq uint64, hash *Hash, m mark) (good int, broken string, err error) {
	rows, err := db.QueryContext(ctx, `SELECT seq, time_ns, CAST(kind AS BLOB), CAST(payload AS BLOB), hash,
		typeof(time_ns) = 'integer' AND typeof(kind) = 'text' AND typeof(payload) = 'text' AND typeof(hash) = 'blob'
		FROM event NOT INDEXED WHERE seq > ? ORDER BY seq LIMIT ?`, int64(seq), exportChunk)
	if err != nil {
		return 0, unreadable(ctx, err), ctx.Err()
	}
	defer rows.Close()
	for rows.Next() {
		var number, timeNS int64
		var kind, payload, stored []byte
		var typed bool
		if err := rows.Scan(&number, &timeNS, &kind, &payload, &stored, &typed); err != nil {
			return good, fmt.Sprintf("the event cannot be read: %v", err), nil
		}
		next := seq + uint64(good) + 1
		if uint64(number) != next {
			return good, fmt.Sprintf("the event is missing; the next one is %d", number), nil
		}
		want := chain(*hash, next, timeNS, string(kind), payload)
		if !typed || string(stored) != string(want[:]) {
			return good, "the event's content and its hash do not belong together", nil
		}
		if next == m.seq && want != m.hash {
			return good, "the event is not the one that was written: the head file has another hash", nil
		}
		*hash = want
		good++
	}
	if err := rows.Err(); err != nil {
		return good, unreadable(ctx, err), ctx.Err()
	}
	return good, "", nil
}

// unreadable describes an error of the database, "" where the caller gave up.
func unreadable(ctx context.Context, err error) string {
	if ctx.Err() != nil {
		return ""
	}
	return fmt.Sprintf("the event cannot be read: %v", err)
}

// verifyStructure holds the head row against the chain, and has SQLite check its pages and indexes:
// an index that disagrees with its table would hide events from those who ask by kind.
func verifyStructure(ctx context.Context, db *sql.DB) (*Broken, error) {
	var newest, head int64
	var same bool
	err := db.QueryRowContext(ctx, `SELECT coalesce(max(e.seq), 0), (SELECT seq FROM head),
		coalesce((SELECT h.hash = l.hash AND typeof(h.hash) = 'blob' FROM head h JOIN event l ON l.seq = h.seq), (SELECT seq = 0 FROM head))
		FROM event e`).Scan(&newest, &head, &same)
	if err != nil {
		return broken(ctx, newest, err)
	}
	if newest != head || !same {
		return &Broken{uint64(max(newest, head)), fmt.Sprintf("the chain ends at event %d, its head row says event %d, or another hash", newest, head)}, nil
	}
	var verdict string
	if err := db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&verdict); err != nil {
		return broken(ctx, newest, err)
	}
	if verdict != "ok" {
		return &Broken{uint64(newest), "the file's structure: " + verdict}, nil
	}
	return nil, nil
}

func broken(ctx context.Context, seq int64, err error) (*Broken, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return &Broken{uint64(seq), fmt.Sprintf("the file cannot be read: %v", err)}, nil
}
