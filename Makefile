# make          builds ./spoor
# make test     all fast tests with the race detector; needs no network once modules are present
# make check    vet, lint, formatting, modules
# make browser  the pages and the workspace in Chromium; needs Node and a browser
# make screenshots  pictures of the workspace, for looking at, into ./out/screenshots
# make bench    benchmarks            (BENCH=regexp to choose)
# make fuzz     each fuzz target for FUZZTIME
# make eval     measures accuracy, writes docs/accuracy.md; real data is read from EVALDATA
# make assets   builds the workspace of the browser into web/assets; needs Node
# make assets-check  its types and tests, and that the committed files are what is built
# make demo     builds and runs the two-minute tour into ./out/demo

GO        ?= go
BENCH     ?= .
FUZZTIME  ?= 20s
EVALDATA  ?= $(or $(SPOOR_DATA),../shared/data)
LINT_VERSION = 2.15.0
# An installed linter of the pinned version, else Go builds it.
LINT = $(or $(shell PATH="$$PATH:$$($(GO) env GOPATH)/bin"; l=$$(command -v golangci-lint) && \
	"$$l" version 2>/dev/null | grep -q 'version $(LINT_VERSION) ' && echo "$$l"), \
	$(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$(LINT_VERSION))

.PHONY: build test check vet lint format modules bench fuzz eval assets assets-check browser screenshots demo clean

build:
	$(GO) build -o spoor ./cmd/spoor

test:
	$(GO) test -race -timeout 30m ./...

check: vet lint format modules

vet:
	$(GO) vet ./...

lint:
	$(LINT) run ./...

format:
	@unformatted=$$(git ls-files --cached --others --exclude-standard '*.go' | xargs gofmt -l) && \
	if [ -n "$$unformatted" ]; then echo "gofmt these files:"; echo "$$unformatted"; exit 1; fi

modules:
	$(GO) mod verify
	$(GO) mod tidy -diff

bench:
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -timeout 0 ./...

# Go fuzzes one target at a time.
fuzz:
	@for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "== $$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5x $$package || exit 1; \
		done; \
	done

eval:
	$(GO) run ./cmd/eval -data '$(EVALDATA)' -out docs/accuracy.md

# Nothing that a package brings is run when it is installed.
web/%/node_modules: web/%/package-lock.json
	cd web/$* && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

browser: web/browser/node_modules
	cd web/browser && npm test

screenshots: web/browser/node_modules
	cd web/browser && npm run screenshots -- ../../out/screenshots

WORKSPACE = web/workspace

assets: $(WORKSPACE)/node_modules
	cd $(WORKSPACE) && npm run --silent build

assets-check: $(WORKSPACE)/node_modules
	cd $(WORKSPACE) && npm run --silent check && npm test --silent
	@built=$$(mktemp -d) && trap 'rm -rf "$$built"' EXIT && \
	(cd $(WORKSPACE) && npm run --silent build -- --out "$$built") && \
	for file in workspace.js workspace.css LICENSES.txt; do \
		cmp "$$built/$$file" web/assets/$$file || { echo "web/assets/$$file is not what is built: run make assets"; exit 1; }; \
	done

demo: build
	./spoor demo --out ./out/demo

clean:
	rm -rf spoor out
