package main

// BenchCmd has the benchmarks that need whole servers; those of single parts run with `make bench`.
type BenchCmd struct {
	Latency BenchLatencyCmd `cmd:"" help:"Broken rule to webhook, beside Prometheus with Alertmanager."`
	Storage BenchStorageCmd `cmd:"" help:"Bytes, processor time and memory of the store, beside Prometheus and VictoriaMetrics."`
	Rules   BenchRulesCmd   `cmd:"" help:"Processor time of rules, beside Prometheus."`
	Scale   BenchScaleCmd   `cmd:"" help:"Memory, processor time and restart with a million series."`
}

// Help shows examples.
func (BenchCmd) Help() string {
	return `Examples:
  heddle bench latency
  heddle bench storage --full --by-kind
  heddle bench rules
  heddle bench scale`
}
