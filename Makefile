# AetherStore. `make` alone lists what there is; each target installs and builds what it needs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run dev build test check bench test-crash test-mutants test-long test-clients image test-compose chart-docs manifests check-chart dashboards metrics-docs test-alerts e2e clean

installed := node_modules/.cache/installed
built := dist/.built
sources := $(shell find src -name '*.ts' -not -name '*.test.ts' 2>/dev/null) .build.mjs package.json
image := aetherstore/aetherstore:dev
# the tag that the chart asks for
released := aetherstore/aetherstore:$(shell sed -n 's/.*"version": "\(.*\)".*/\1/p' package.json)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: $(built) ## a store on this machine: endpoint, keys, lines to copy (ARGS="--port 9500 --nodes 4")
	@exec node dist/main.js dev $(ARGS)

dev: $(installed) ## the same from sources, started anew on each change
	@node .build.mjs --watch & trap "kill $$!" EXIT; \
	until [[ -f dist/main.js ]]; do sleep 0.2; done; \
	node --watch-path=dist dist/main.js dev $(ARGS)

build: $(built) ## dist/

test: $(built) ## unit tests, then tests with real processes; no root, no container engine
	code=0; npm run --silent test:unit || code=1; npm run --silent test:cluster || code=1; exit $$code

check: $(installed) ## format, lint with types, types, import direction, dead code, documents; no tests
	npm run --silent check

bench: $(built) ## the performance table with its references, on this machine
	npm run --silent bench

test-crash: $(built) ## power cuts and disk faults on loop mounts (root)
	npm run --silent test:crash

test-mutants: $(built) ## plants known bugs in a copy of the tree: each must fail a named test
	npm run --silent test:mutants

test-long: $(built) ## the history checker for 5 minutes, 25 power cuts on each file system (root)
	AETHER_TEST_HISTORY_SECONDS=300 AETHER_TEST_HISTORY_32MIB=100 AETHER_TEST_HISTORY_100MIB=20 AETHER_TEST_HISTORY_ACKNOWLEDGED_MIN=20000 \
	  npm run --silent test:cluster -- history
	AETHER_TEST_POWER_CUT_CYCLES=25 npm run --silent test:crash

test-clients: $(built) ## real S3 clients: awscli, rclone, s3cmd, curl
	npm run --silent test:clients

image: ## the container image
	docker build -t $(image) -t $(released) .

test-compose: $(installed) image ## docker-compose.yml, with the lines of the README
	npm run --silent test:compose

dashboards: $(installed) ## the chart's Grafana dashboards, from charts/dashboards/*.ts
	@npx tsx charts/dashboards/make.ts

metrics-docs: $(installed) ## docs/metrics.md, from what a running store shows
	@npx tsx charts/dashboards/check-metrics.ts --write

test-alerts: $(installed) ## each alert in a case where it fires and one where it is quiet (promtool)
	npm run --silent test:alerts

chart-docs: $(installed) ## README.md and values.schema.json of the chart, from values.yaml
	npm run --silent chart docs

manifests: $(installed) ## manifests/, the presets of the chart rendered (needs helm)
	npm run --silent chart manifests

check-chart: $(installed) ## the chart by helm 3 and 4, kubeconform, kube-score: whichever is on PATH
	npm run --silent check:chart

e2e: $(installed) image ## a kind cluster, the image, the chart, scenarios (E2E_DEPTH=0: smoke; E2E_KEEP=1: the cluster stays)
	@E2E_IMAGE=$(released) npx tsx e2e/run.ts

clean: ## removes what was built; packages and data stay
	rm -rf dist

$(installed): package-lock.json
	@.ci/install

$(built): $(installed) $(sources)
	@echo "building dist/"
	@npm run --silent build
	@touch $@
