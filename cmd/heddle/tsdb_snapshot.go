package main

import (
	"fmt"
	"time"
)

// TSDBSnapshotCmd writes a snapshot of the store.
type TSDBSnapshotCmd struct{ Remote }

// Help shows how to go back to one.
func (TSDBSnapshotCmd) Help() string {
	return `The snapshot stands below the data directory of the server, which goes on meanwhile. To restore it:
  heddle serve --data DIRECTORY`
}

// Run waits for the snapshot and says where it is.
func (c TSDBSnapshotCmd) Run(env *Env) error {
	var answer struct {
		Data struct {
			Directory string `json:"directory"`
			TookMS    int64  `json:"took_ms"`
		} `json:"data"`
	}
	if err := c.post(env.Ctx, "/api/v1/admin/snapshot", nil, &answer); err != nil {
		return err
	}
	took := time.Duration(answer.Data.TookMS) * time.Millisecond
	_, err := fmt.Fprintf(env.Stdout, "%s\nwritten in %s; heddle serve --data goes on from it\n", answer.Data.Directory, took)
	return err
}
