// Package examples holds the files that the README shows, and what `heddle demo` runs on.
package examples

import _ "embed"

// DemoRules is the rule file of `heddle demo`.
//
//go:embed demo.rules
var DemoRules []byte

// LLMDriftPrime is data/llmdrift-prime.csv: 3,000 real calls, described in data/README.md.
//
//go:embed data/llmdrift-prime.csv
var LLMDriftPrime []byte

// AzureArrivals is data/azure-arrivals.csv: when real requests arrived, described in data/README.md.
//
//go:embed data/azure-arrivals.csv
var AzureArrivals []byte
