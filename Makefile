# Two commands for everybody: `make run` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
NODE := .ci/with-node
RELEASE := PYTHONPATH=.ci $(PY) -m release
CONTENT := PYTHONPATH=.ci $(PY) -m content
# Some images forbid it; then each of the hundreds of processes of the tests would compile the App.
unexport PYTHONDONTWRITEBYTECODE
# Two more than two processors: many tests wait. A larger machine takes more.
WORKERS ?= 4
# Those that `tests/harness/soak.py` makes longer, and those with properties, of which
# `tests/conftest.py` then tries more examples.
SOAK_TESTS := $(shell grep -lE '^from (tests.harness.soak|hypothesis) import' -r tests --include=test_*.py)
# Parts whose own checks run where the part has changed, and always in CI.
STAND_INS := tests/simulators tests/harness tests/conftest.py pyproject.toml requirements-dev.lock
PAGE := ui docs .ci/with-node
# Where there is room in memory, no test waits for a disk.
MEMORY := $(shell df -k --output=avail /dev/shm 2>/dev/null | awk 'NR == 2 && $$1 > 4000000 { print "/dev/shm" }')
PYTEST := $(if $(MEMORY),PYTEST_DEBUG_TEMPROOT=$(MEMORY)) $(PY) -m pytest -n $(WORKERS)
MODULE_TESTS := $(wildcard $(patsubst sentinel_app/%/,tests/%,$(sort $(dir $(wildcard sentinel_app/*/__init__.py)))) tests/test_*.py)
UI_SOURCES := $(wildcard docs/*.md docs/images/*.png docs/sentinel/azuredeploy.json) $(shell find ui -path ui/node_modules -prune -o -path ui/dist -prune -o -type f -print)

.PHONY: help setup run stand-ins test check pytest coverage e2e pictures lint format gen content ui ui-check ui-dev bench crash \
  soak validate package audit lock clean

help: ## This list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): requirements-dev.lock .ci/make-venv
	@.ci/make-venv $(VENV)
	@touch $@

ui/node_modules/.ready: ui/package-lock.json $(READY)
	@echo "Installing the locked packages of the page ..."
	@cd ui && ../$(NODE) npm ci --silent
	@touch $@

ui/dist/.ready: $(UI_SOURCES) ui/node_modules/.ready
	@echo "Building the page ..."
	@cd ui && { ../$(NODE) npm run --silent build >dist.log 2>&1 || { cat dist.log >&2; exit 1; }; }
	@touch $@

setup: $(READY) ui/dist/.ready ## Everything that running needs: packages and the built page

ui: ui/dist/.ready ## The built page

run: setup ## The App among its stand-ins, at the address it prints; FRESH=1 starts anew
	@exec $(PY) -m tests.simulators

stand-ins: setup ## All that the App needs around it, for `tcex run` in another terminal
	@exec $(PY) -m tests.simulators --without-app

test: setup ## All checks and tests; those of the page and the stand-ins where these have changed
	@.ci/test-packages
	@page=; if .ci/has-changed $(PAGE); then page=ui-check; else echo "The page is as on origin/main: not checked."; fi; \
	  $(MAKE) --no-print-directory --jobs --output-sync lint $$page
	@if .ci/has-changed $(STAND_INS); then $(PYTEST) tests/simulators; \
	  else echo "The stand-ins are as on origin/main: not tested."; fi
	@$(MAKE) --no-print-directory pytest

check: $(READY) lint ## The quick checks: linters, types, and the tests of single modules and stores
	$(PYTEST) -m "not slow and not integration" $(MODULE_TESTS)

pytest: setup ## All Python tests but those of the stand-ins; the browser's included
	$(PYTEST) --dist worksteal --durations 25 --ignore tests/simulators

coverage: setup ## All Python tests, and which lines and branches they leave out; takes a third longer
	$(PYTEST) --dist worksteal --cov --cov-report=term:skip-covered --cov-fail-under=95

e2e: setup ## The tests in a real browser
	$(PY) -m pytest tests/e2e -m e2e

pictures: setup ## Take the documents' pictures of the page anew
	@$(PY) -m tests.e2e.pictures $(NAMES)

lint: $(READY) ## Linters, types and import contracts
	$(VENV)/bin/ruff check --output-format concise .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo
	@$(VENV)/bin/codespell

format: $(READY) ui/node_modules/.ready ## Format the code
	$(VENV)/bin/ruff check --fix-only --quiet .
	$(VENV)/bin/ruff format .
	cd ui && ../$(NODE) npm run --silent format

gen: $(READY) ui/node_modules/.ready ## Make the generated files anew: OpenAPI, the page's types, documents
	$(PY) -m sentinel_app.api.openapi > ui/openapi.json
	cd ui && ../$(NODE) npm run --silent gen
	$(PY) -m tests.harness.golden
	$(PY) -m tests.harness.api_reference
	$(RELEASE) licenses
	$(CONTENT)

content: $(READY) ## Make the ARM template of the content for Sentinel anew, docs/sentinel/azuredeploy.json
	$(CONTENT)

ui-check: ui-lint ui-test ## The page's linters, tests and size; its types were checked as it was built

ui-lint: ui/node_modules/.ready
	cd ui && ../$(NODE) npm run --silent lint

ui-test: ui/dist/.ready
	cd ui && ../$(NODE) npm run --silent test
	cd ui && ../$(NODE) npm run --silent budget

ui-dev: setup ## The page with live reload, against `make run` in another terminal
	cd ui && ../$(NODE) npm run dev

bench: $(READY) ## Measure what updates cost: CPU, memory, stores, pace, API; writes docs/benchmarks.md
	$(PY) -m tests.bench $(ARGS)

crash: $(READY) ## Kill the App N times (200) and compare what Sentinel holds
	$(PY) -m tests.process.crash.campaign $(or $(N),200)

soak: $(READY) ## The long forms of the proofs; HISTORIES, CHURN, ACCOUNTS, STORIES, EXAMPLES, FAULT_MATRIX choose how long
	SOAK=1 $(PYTEST) --timeout 36000 $(SOAK_TESTS)

package: setup ## The .tcx that ThreatConnect installs, in target/
	@$(RELEASE) package $(if $(TARGET),--target $(TARGET))

validate: $(READY) ## What the vendor's command says of the definition files
	@$(RELEASE) validate

audit: $(READY) ui/node_modules/.ready ## Known weaknesses of what is delivered; needs the registries' advisories
	@status=0; \
	  $(VENV)/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements.lock || status=1; \
	  (cd ui && ../$(NODE) npm audit --omit=dev) || status=1; \
	  exit $$status

lock: $(READY) ## Resolve the dependencies anew into the lock files
	$(VENV)/bin/pip-compile -q --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --strip-extras --generate-hashes -o requirements.lock requirements.txt
	$(VENV)/bin/pip-compile -q --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --strip-extras --allow-unsafe --generate-hashes -c requirements.lock -o requirements-dev.lock requirements-dev.txt

clean: ## Remove what was built, and the data of `make run`
	rm -rf .run target ui/dist ui/node_modules $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
