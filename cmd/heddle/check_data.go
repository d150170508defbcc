package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/neuroweaver/heddle/rules"
)

// checkData compares the rules of a program with the data of a store, and prints what they cannot
// see. It reports whether there is any.
func checkData(env *Env, program *rules.Program, data string) (blind bool, err error) {
	db, err := openStore(data)
	if err != nil {
		return false, err
	}
	newest := time.UnixMilli(db.Stats().MaxTimeMS)
	if now := time.Now(); newest.After(now) || newest.UnixMilli() == 0 {
		newest = now
	}
	found, err := rules.FindBlindness(env.Ctx, program, db, newest)
	for _, b := range found {
		fmt.Fprintf(env.Stdout, "%s\n", b)
	}
	return len(found) > 0, errors.Join(err, db.Close())
}
