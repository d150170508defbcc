// Package conformance holds the store against Prometheus: its own PromQL suite runs over [tsdb.DB],
// and random data is asked of both stores through the same engine.
//
// It is a module of its own because Prometheus's test storage links the clients of many clouds, which
// the product must not. Run it with
//
//	go test ./...
package conformance
