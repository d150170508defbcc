package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// formatVersion is the file's `user_version`; applicationID ("HEDL") its `application_id`.
const (
	formatVersion = 1
	applicationID = 0x4845444C
)

const schema = `
CREATE TABLE event (
	seq     INTEGER PRIMARY KEY,
	time_ns INTEGER NOT NULL,
	kind    TEXT    NOT NULL,
	payload TEXT    NOT NULL,
	hash    BLOB    NOT NULL
) STRICT;
CREATE INDEX event_kind ON event (kind, seq);
CREATE TABLE state (
	bucket TEXT NOT NULL,
	key    TEXT NOT NULL,
	body   TEXT NOT NULL,
	PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE head (
	one  INTEGER PRIMARY KEY CHECK (one = 1),
	seq  INTEGER NOT NULL,
	hash BLOB    NOT NULL
) STRICT;
INSERT INTO head (one, seq, hash) VALUES (1, 0, zeroblob(32));
`

// Open opens the journal at path, or begins one. It returns an error for a file of another program
// or of a newer version of this one, and leaves such a file as it is.
func Open(path string, o Options) (*Journal, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	j := &Journal{path: path, o: o, wake: make(chan struct{}, 1), stopped: make(chan struct{})}
	j.space.L = &j.mu
	j.spare = reserve{path: path + reserveSuffix, bytes: o.ReserveBytes, free: o.FreeBytes}
	if o.ReserveBytes == 0 {
		j.spare.bytes = reserveBytes
	}
	if o.FreeBytes == nil {
		j.spare.free = freeBytes
	}
	var err error
	if j.seal, err = openSeal(path); err != nil {
		return nil, fmt.Errorf("journal %s: %w", path, err)
	}
	changed, err := verifySeal(context.Background(), path)
	if err != nil {
		return nil, fmt.Errorf("journal %s: %w", path, err)
	}
	if err := j.open(); err != nil {
		return nil, fmt.Errorf("journal %s: %w", path, err)
	}
	j.noteDamage(changed)
	if err := j.spare.open(time.Now()); err != nil {
		o.Logger.Warn("no room is kept for a full disk", "path", j.spare.path, "error", err)
	}
	go j.write()
	return j, nil
}

func (j *Journal) open() (err error) {
	ctx := context.Background()
	// SQLite would let everyone read what it makes; its log takes the rights of the database.
	file, err := os.OpenFile(j.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		return err
	}
	if j.writer, err = connect(j.path, "rw"); err != nil {
		return err
	}
	j.writer.SetMaxOpenConns(1)
	opened := []interface{ Close() error }{j.writer}
	defer func() {
		if err != nil {
			for _, c := range opened {
				c.Close()
			}
		}
	}()
	if err = establish(ctx, j.writer); err != nil {
		return err
	}
	if j.head, err = openHead(j.path + headSuffix); err != nil {
		return err
	}
	opened = append(opened, j.head)
	if j.reader, err = connect(j.path, "ro"); err != nil {
		return err
	}
	// Four readers: the API, an export, a verification and one to spare.
	j.reader.SetMaxOpenConns(4)
	opened = append(opened, j.reader)
	if j.insert, err = prepare(ctx, j.writer); err != nil {
		return err
	}
	if j.seq, j.hash, err = storedHead(ctx, j.insert.conn); err != nil {
		return errors.Join(err, j.insert.close())
	}
	j.seal.lastEventSeq = j.seq
	j.seal.checkpointSQL = func(ctx context.Context, mode string) error {
		_, err := j.insert.conn.ExecContext(ctx, "PRAGMA wal_checkpoint("+mode+")")
		return err
	}
	return nil
}

// connect opens the file, with more parameters of its address if need be. WAL with synchronous FULL syncs the log once for each transaction.
func connect(path, mode string, more ...string) (*sql.DB, error) {
	query := url.Values{"mode": {mode}, "_pragma": {
		"busy_timeout(5000)", "synchronous(FULL)", "foreign_keys(ON)",
		// Checkpoints are ours, because they lift the seal (seal.go).
		"wal_autocheckpoint(0)",
		// What a crash in the middle of a large checkpoint may leave is cut back to this.
		"journal_size_limit(16777216)",
	}}
	for i := 0; i < len(more); i += 2 {
		query.Set(more[i], more[i+1])
	}
	if mode != "ro" {
		query["_pragma"] = append(query["_pragma"], "journal_mode(WAL)")
	}
	return sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query.Encode()}).String())
}

// establish checks that the file is a journal of a version that this program writes, and creates the
// tables in an empty one.
func establish(ctx context.Context, db *sql.DB) error {
	var id, version int
	if err := db.QueryRowContext(ctx, `PRAGMA application_id`).Scan(&id); err != nil {
		return err
	}
	if err := db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return err
	}
	if id == applicationID && version == formatVersion {
		return nil
	}
	if id == applicationID && version > formatVersion {
		return fmt.Errorf("written by a newer version (format %d, this one knows %d): upgrade, or use another data directory", version, formatVersion)
	}
	var tables int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&tables); err != nil {
		return err
	}
	if id != 0 || tables > 0 {
		return errors.New("this is the database of another program")
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, schema+fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, formatVersion)); err != nil {
		return err
	}
	return tx.Commit()
}

// storedHead is the newest durable event.
func storedHead(ctx context.Context, conn *sql.Conn) (seq uint64, hash Hash, err error) {
	var raw []byte
	var number int64
	if err := conn.QueryRowContext(ctx, `SELECT seq, hash FROM head`).Scan(&number, &raw); err != nil {
		return 0, hash, fmt.Errorf("the head of the chain: %w", err)
	}
	if len(raw) != len(hash) || number < 0 {
		return 0, hash, errors.New("the head of the chain is damaged")
	}
	return uint64(number), Hash(raw), nil
}

// noteDamage compares the chain with the head file, and takes what the seal has shown. Where
// something was changed or events are missing at the end, the chain goes on from what is left, and
// says so for good.
func (j *Journal) noteDamage(found string) {
	seq, hash, err := j.head.read()
	switch {
	case errors.Is(err, os.ErrNotExist) && j.seq == 0:
	case err != nil:
		found = "the head file cannot be read: whether the end of the journal is whole is not known"
	case seq > j.seq:
		found = fmt.Sprintf("the journal ends at event %d, and once ended at event %d", j.seq, seq)
	case seq == j.seq && hash != j.hash:
		found = fmt.Sprintf("the journal's last event %d is not the one that was written", seq)
	}
	if found == "" {
		return
	}
	j.o.Logger.Error("the journal was damaged or changed", "path", j.path, "found", found)
	b := &Batch{}
	b.Event(time.Now(), "journal_damaged", struct {
		Found        string `json:"found"`
		ExpectedSeq  uint64 `json:"expected_seq"`
		ExpectedHash string `json:"expected_hash"`
	}{found, seq, hash.String()})
	j.Append(b)
}
