package server

import (
	"net/http"
	"path/filepath"
	"time"
)

// snapshotName is the time of a snapshot in UTC; it sorts by time and is a file name everywhere.
const snapshotName = "20060102T150405.000Z"

// snapshot writes the store as it is now beside the data, while everything goes on. The place is the
// server's choice, so that no request names a path on this machine. A server started with --data on
// the snapshot goes on from it, with a journal of its own.
func (s *Server) snapshot(w http.ResponseWriter, r *http.Request) {
	if err := withoutDeadline(w); err != nil {
		writeProblem(w, err)
		return
	}
	began := s.now()
	dir := filepath.Join(s.config.Data, "snapshots", began.UTC().Format(snapshotName))
	if err := s.db.Snapshot(r.Context(), StorePath(dir)); err != nil {
		writeProblem(w, err)
		return
	}
	took := s.now().Sub(began)
	s.logger.Info("snapshot written on request", "directory", dir, "took", took, "by", caller(r, ""))
	writeData(w, struct {
		Name      string `json:"name"`
		Directory string `json:"directory"`
		TookMS    int64  `json:"took_ms"`
	}{filepath.Base(dir), dir, took.Round(time.Millisecond).Milliseconds()})
}
