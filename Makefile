# Bongsu: build, run and test. Every target installs what it lacks, by name, once.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
SITE    ?= sites/demo/site.yaml
DATA    ?= var/demo
LISTEN  ?= 127.0.0.1:8080
TOOLS   := $(CURDIR)/.tools
WEB     := ui/web
GOTEST  := go test -shuffle=on

# Versions of what is built from source for the tests and the linter.
INFLUXD     := github.com/influxdata/influxdb/cmd/influxd@v1.8.10
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: build web run run-three test test-go test-rounds test-web race scenario fuzz bench physics docs lint check clean browser compiler influxd foreign

build: web ## bin/bongsu and bin/bongsu-sim, the console inside
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

web: $(WEB)/dist/index.html

$(WEB)/node_modules/.installed: $(WEB)/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or later with npm, then run make again"; exit 2; }
	@echo "installing the console's npm packages (from $(WEB)/package-lock.json)"
	cd $(WEB) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

WEB_SOURCES := $(shell find $(WEB)/src $(WEB)/public $(WEB)/index.html $(WEB)/vite.config.ts $(WEB)/tsconfig.json -type f 2>/dev/null)
$(WEB)/dist/index.html: $(WEB)/node_modules/.installed $(WEB_SOURCES)
	cd $(WEB) && npm run --silent build
	@touch $@

run: build ## the demo: one node, the simulator, the console at http://127.0.0.1:8080; Ctrl-C stops all
	@SITE='$(SITE)' DATA='$(DATA)' LISTEN='$(LISTEN)' bash cmd/bongsu-sim/demo.sh

run-three: build ## three data centers, a node in each: consoles at 8080, 8081 and 8082; one can be stopped from the demo's page
	@SITES=sites/three RUN=var/three bash cmd/bongsu-sim/three.sh

test: test-go test-rounds test-web ## every test, the browser ones included

test-go: web influxd compiler browser foreign
	BONGSU_BROWSER=1 BONGSU_INFLUXD=$(TOOLS)/influxd $(GOTEST) -race -timeout 30m ./...

# Alone, after the others: nothing else loads the machine meanwhile.
BONGSU_SEED ?= 37
test-rounds: web ## twenty rounds of faults on three nodes; BONGSU_SEED=n begins with another number
	BONGSU_ROUNDS=20 BONGSU_SEED=$(BONGSU_SEED) go test -count=1 -v -timeout 20m -run '^TestScenarioThreeNodesRounds$$' ./cmd/bongsu

test-web: web browser
	cd $(WEB) && npm run --silent test && npm run --silent size && npx playwright test --grep @mock

race: test-go

scenario: build browser ## whole-house scenarios, slower than make test
	BONGSU_LONG=1 BONGSU_BROWSER=1 $(GOTEST) -timeout 60m -run 'Scenario|Canonical|System' ./simulators/... ./bcp/control/ ./cmd/...

FUZZTIME ?= 30s
fuzz: ## every fuzz target for FUZZTIME each
	@for pkg in $$(go list ./...); do for f in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	  echo "== $$pkg $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$pkg; done; done

BENCH ?= .
bench: ## benchmarks, a JSON object a line on standard output (docs/benchmarks.md); BENCH=name for one
	@BONGSU_INFLUXD='$(wildcard $(TOOLS)/influxd)' go run ./cmd/bongsu-bench -name '$(BENCH)'

physics: ## draw the canonical runs of the simulated world into docs/physics
	go run ./simulators/chart/physics -out docs/physics

docs: ## write docs/fire.md anew from the fire engine's tables
	BONGSU_WRITE_DOCS=1 go test -count=1 -run TestTheFireEngineersPage ./rules

lint: $(TOOLS)/staticcheck $(WEB)/node_modules/.installed ## gofmt, vet, staticcheck, eslint, prettier
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not gofmt-clean:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./...
	$(TOOLS)/staticcheck ./...
	cd $(WEB) && npm run --silent lint

check: lint test ## what a change must pass before it is pushed
	@test -z "$$(git status --porcelain)" || { echo "the tree changed while checking:"; git status --short; exit 1; }

clean:
	rm -rf bin var .tools $(WEB)/node_modules $(WEB)/dist/*

# What the machine may lack. Each says what it installs and why.
apt = if [ "$$(id -u)" = 0 ]; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1) >/dev/null; \
  elif sudo -n true 2>/dev/null; then sudo -n apt-get update -qq && sudo -n DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1) >/dev/null; \
  else echo "run this, then make again:  sudo apt-get install -y $(1)"; exit 2; fi

browser:
	@if ! command -v chromium >/dev/null || ! fc-list :lang=ko 2>/dev/null | grep -q .; then \
	  echo "installing chromium and a Korean font (Debian packages chromium, fontconfig, fonts-noto-cjk) for the browser tests"; \
	  $(call apt,chromium fontconfig fonts-noto-cjk); fi

compiler:
	@if ! command -v gcc >/dev/null; then \
	  echo "installing a C compiler (Debian packages gcc, libc6-dev) for Go's race detector"; $(call apt,gcc libc6-dev); fi

# Servers and a master of other authors. Without them the tests that need them are skipped, and say so.
MOSQUITTO := $(TOOLS)/debian/usr/sbin/mosquitto
VICTORIA  := $(TOOLS)/debian/usr/bin/victoria-metrics
foreign: $(MOSQUITTO) $(VICTORIA)
	@if ! command -v mbpoll >/dev/null || ! /usr/bin/python3 -c 'import pymodbus.server.async_io' 2>/dev/null; then \
	  echo "installing Modbus servers and a master of other authors (Debian packages python3-pymodbus, python3-serial, python3-serial-asyncio, mbpoll)"; \
	  ($(call apt,python3-pymodbus python3-serial python3-serial-asyncio mbpoll)) || echo "without them their tests are skipped"; fi

# Unpacked, not installed: the package would start a broker of its own. What it depends on starts nothing.
$(MOSQUITTO):
	@if ! command -v mosquitto >/dev/null && command -v apt-get >/dev/null; then \
	  echo "unpacking mosquitto for the tests (Debian package mosquitto; of what it needs: libcjson1, libdlt2, libmosquitto1, libwrap0)"; \
	  ($(call apt,libcjson1 libdlt2 libmosquitto1 libwrap0); mkdir -p $(TOOLS)/debian && cd $(TOOLS)/debian && \
	   apt-get download -qq mosquitto 2>/dev/null && dpkg -x mosquitto_*.deb . && rm mosquitto_*.deb) || echo "without it its tests are skipped"; fi

# Unpacked for the same reason: the package would start a database.
$(VICTORIA):
	@if ! command -v victoria-metrics >/dev/null && command -v apt-get >/dev/null; then \
	  echo "unpacking VictoriaMetrics for the history tests (Debian package victoria-metrics; of what it needs: libzstd1)"; \
	  ($(call apt,libzstd1); mkdir -p $(TOOLS)/debian && cd $(TOOLS)/debian && \
	   apt-get download -qq victoria-metrics 2>/dev/null && dpkg -x victoria-metrics_*.deb . && rm victoria-metrics_*.deb) || echo "without it its test is skipped"; fi

influxd: $(TOOLS)/influxd
$(TOOLS)/influxd:
	@echo "building influxd 1.8.10 from source for the history tests (about three minutes, once)"
	GOBIN=$(TOOLS) go install -tags uint64 $(INFLUXD)

$(TOOLS)/staticcheck:
	@echo "building staticcheck for make lint (once)"
	GOBIN=$(TOOLS) go install $(STATICCHECK)
