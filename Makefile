# Two commands for everybody: `make run` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready

.PHONY: help setup run test pytest e2e lint format gen ui ui-check ui-dev bench validate lock clean

help: ## This list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): requirements-dev.lock .ci/make-venv
	@.ci/make-venv $(VENV)
	@touch $@

setup: $(READY) ## The virtual environment with everything the App, the tests and the stand-ins need

clean: ## Remove what was built; data of `make run` included
	rm -rf .run ui/dist ui/node_modules $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
