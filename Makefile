# What a person can do here. `make` alone lists it.

GO      ?= go
BINARY  ?= bin/heddle
# How long each fuzzer and how many rounds of each benchmark run; raise them for a long night.
FUZZTIME   ?= 10s
BENCHCOUNT ?= 1

# The product is one static binary.
export CGO_ENABLED = 0

# Where the real programs are unpacked that tests compare with and the machine lacks.
PARTS := bin/parts
export PATH := $(PATH):$(CURDIR)/$(PARTS)/usr/bin

.DEFAULT_GOAL := help

.PHONY: help
help: ## List what make can do
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: go ## Build the static binary bin/heddle
	$(GO) build -trimpath -ldflags '-s -w' -o $(BINARY) ./cmd/heddle

.PHONY: demo
demo: build ## Watch a real degradation, the switch and the return, in half a minute
	$(BINARY) demo

.PHONY: test
test: go parts ## Run every test: the units, the built binary from outside, the PromQL suite
	$(GO) test -timeout 30m ./...
	cd conformance && $(GO) test -timeout 15m ./...

.PHONY: lint
lint: go ## Format, vet and the import table
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "run gofmt -w on:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	cd conformance && $(GO) vet ./...
	$(GO) test -run '^TestImport' .

.PHONY: check
check: lint test ## What a change must pass: lint and every test

.PHONY: bench
bench: build ## Measure: breach to webhook, then the benchmarks beside the code
	$(BINARY) bench latency
	$(GO) test -run '^$$' -bench . -benchmem -count $(BENCHCOUNT) ./...

.PHONY: race
race: go compiler parts ## Run the tests under the race detector
	CGO_ENABLED=1 $(GO) test -race -short -timeout 30m ./...

.PHONY: fuzz
fuzz: go ## Run each fuzzer for FUZZTIME (10s)
	GO='$(GO)' .ci/fuzz $(FUZZTIME)

# A fresh machine: say what is missing, and install it where that is allowed.

.PHONY: go
go:
	@command -v $(GO) >/dev/null || { echo "Go is missing. Get it from https://go.dev/dl/ (1.26 or newer) and put it on PATH." >&2; exit 1; }
	@$(GO) version >/dev/null || { echo "Go is too old to fetch the version that go.mod names. Get 1.26 or newer from https://go.dev/dl/." >&2; exit 1; }

.PHONY: parts
parts:
	@.ci/real-parts $(PARTS)

# The race detector needs cgo, and so a C compiler; nothing else here does.
.PHONY: compiler
compiler:
	@command -v cc >/dev/null || command -v gcc >/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && apt-get install -y -qq gcc libc6-dev; \
		else \
			echo "The race detector needs a C compiler. Install one (Debian, Ubuntu: apt-get install gcc libc6-dev)." >&2; exit 1; \
		fi; }
