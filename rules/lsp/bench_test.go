package lsp

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkKeystroke is what one typed character costs in a file of a given number of rules.
func BenchmarkKeystroke(b *testing.B) {
	for _, rules := range []int{10, 100, 1000} {
		var source strings.Builder
		source.WriteString("use \"vllm\"\n")
		for i := range rules {
			fmt.Fprintf(&source, "rule slow%d on model {\n  when     p95(latency, 1m) > %dms and p95(latency, 5m) > 1s\n  require  increase(requests, 1m) >= 30\n  for      15s\n}\n\n", i, i+1)
		}
		b.Run(fmt.Sprint(rules), func(b *testing.B) {
			open := documents{}
			d, err := open.open(documentItem{URI: chat, Text: source.String()})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				d, err = open.change(didChangeParams{versionedDocumentID{chat, d.version + 1}, []contentChange{{&span{}, " "}}})
				if err != nil {
					b.Fatal(err)
				}
				analyze(d, open, nil).diagnostics(open)
			}
		})
	}
}
