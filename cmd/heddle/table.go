package main

import (
	"encoding/json"
	"io"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"
)

// table writes rows in columns; the first row is the head.
func table(w io.Writer, rows [][]string) error {
	out := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, row := range rows {
		if _, err := io.WriteString(out, strings.Join(row, "\t")+"\n"); err != nil {
			return err
		}
	}
	return out.Flush()
}

// printJSON writes a document for people and machines alike.
func printJSON(w io.Writer, document any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}

// clockTime shows a time to the second, in the person's own zone.
func clockTime(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// Who says who does something and why, for the journal. Verbs that change something embed it.
type Who struct {
	Who string `placeholder:"NAME" env:"HEDDLE_WHO" help:"Who does this (your login name)."`
	Why string `placeholder:"REASON" help:"Why, for the journal."`
}

func (w Who) name() string {
	if w.Who != "" {
		return w.Who
	}
	if me, err := user.Current(); err == nil {
		return me.Username
	}
	return ""
}
