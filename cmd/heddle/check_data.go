package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/storage"

	"github.com/neuroweaver/heddle/rules"
)

// errBlind is the outcome of a check of sound rules that do not fit the data.
var errBlind = errors.New("these rules cannot see all that they are written for")

// checkData compares the rules of a program with the data of a directory or a server, if one is named,
// and prints what they cannot see.
func (c CheckCmd) checkData(env *Env, program *rules.Program) error {
	switch {
	case c.URL != "":
		return findBlindness(env, program, c.store(), time.Now())
	case c.Data != "":
		db, err := openStore(c.Data)
		if err != nil {
			return err
		}
		newest := time.UnixMilli(db.Stats().MaxTimeMS)
		if now := time.Now(); newest.After(now) || newest.UnixMilli() == 0 {
			newest = now
		}
		return errors.Join(findBlindness(env, program, db, newest), db.Close())
	}
	return nil
}

func findBlindness(env *Env, program *rules.Program, store storage.Queryable, now time.Time) error {
	found, err := rules.FindBlindness(env.Ctx, program, store, now)
	if err != nil {
		return err
	}
	for _, b := range found {
		fmt.Fprintf(env.Stdout, "%s\n", b)
	}
	if len(found) > 0 {
		return errBlind
	}
	return nil
}
