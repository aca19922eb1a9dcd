# Backstock: everything a person types. `make help` lists it.
#
# A bare Debian or Ubuntu with git, make and Python 3.11 (or later) with venv is enough:
# each target first fills .venv from the hash-pinned files in packaging/requirements.

SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The first Python that starts and is new enough; override with `make PYTHON=/path/to/python …`.
PYTHON ?= $(firstword $(foreach name,python3.11 python3 python3.12 python3.13 python3.14,$(shell \
	$(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $(name))))
VENV := .venv
BIN := $(VENV)/bin
REQUIREMENTS := packaging/requirements
ASSETS := published_api/assets
SCREEN := edge_agent/screen
SCREEN_BUILT := edge_agent/web/assets

# A stamp carries the hash of what it was made from: a changed pin installs anew, a touched file does not.
stamp = $(VENV)/.$(1)-$(shell sha256sum $(2) 2>/dev/null | sha256sum | cut -c1-16)
DEMO_STAMP := $(call stamp,demo,$(REQUIREMENTS)/demo.txt)
DEV_STAMP := $(call stamp,dev,$(REQUIREMENTS)/dev.txt)
SELF_STAMP := $(call stamp,self,pyproject.toml)
ASSETS_STAMP := $(call stamp,assets,packaging/assets/package-lock.json packaging/assets/fetch.py)
SCREEN_STAMP := $(call stamp,screen,$(shell find $(SCREEN) -name node_modules -prune -o -type f -print | LC_ALL=C sort))
# npm of the virtual environment, else the system's; its shebang asks for the node beside it.
NPM := PATH="$(abspath $(BIN)):$$PATH" npm --loglevel=error
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

ARGS ?=
SEEDS ?= 20000
KILLS ?= 200
# One more than there are cores: whole-process tests spend half of their time waiting.
WORKERS ?= $(shell expr $$(nproc) + 1)
SOAKED ?= tests/simulation tests/processes tests/fuzz tests/unit/scanner_drivers tests/integration/scanners \
	tests/integration/hub_web/test_schemathesis.py tests/integration/hub_web/test_restarts.py \
	tests/screen/test_interrupted_count.py

.PHONY: help demo test check format soak bench install assets screen pins wheel clean

help:  ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(DEMO_STAMP) $(SELF_STAMP) assets screen  ## Two stores and a head office on this machine (ARGS=--check plays the whole story)
	@$(BIN)/python -m deploy.local.demo $(ARGS)

test: install  ## Every test (about a quarter of an hour on two cores)
	@FUZZ_INPUTS=5000 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not soak" $(ARGS)

check: install  ## Format, lint, types, house rules and unit tests, in about a minute
	@$(BIN)/ruff format --check .
	@$(BIN)/python -m pytest -n $(WORKERS) -q -m "not soak" tests/house tests/unit tests/golden $(ARGS)

format: install  ## Let ruff format and mend what it can
	@$(BIN)/ruff check --fix-only --quiet . ; $(BIN)/ruff format --quiet .

soak: install  ## The long proof: SEEDS=20000 simulated schedules, KILLS=200 process kills, fuzzing, random requests, restarts
	@SIM_SEEDS=$(SEEDS) KILLS=$(KILLS) FUZZ_INPUTS=100000 REPLUGS=300 SCHEMA_CASES=20000 RESTARTS=20 $(BIN)/python -m pytest -n $(WORKERS) \
		--dist worksteal -o timeout=0 $(SOAKED) $(ARGS)

bench: install  ## Product, floors and peers side by side; rewrites the table in tests/benchmarks/README.md
	@$(BIN)/python -m tests.benchmarks $(ARGS)

install: $(DEV_STAMP) $(SELF_STAMP) assets screen  ## Fill .venv with everything (other targets do it when needed)

assets: $(DEMO_STAMP) $(ASSETS_STAMP)  ## The API docs pages, fetched by npm
	@test -d $(ASSETS) || { rm -f $(ASSETS_STAMP); $(MAKE) $(ASSETS_STAMP); }

screen: $(DEMO_STAMP) $(SCREEN_STAMP)  ## The store's screen, built by npm into the folder that the agent serves
	@test -f $(SCREEN_BUILT)/index.html || { rm -f $(SCREEN_STAMP); $(MAKE) $(SCREEN_STAMP); }

pins: install  ## Resolve packaging/requirements/*.txt anew from pyproject.toml
	@$(BIN)/python packaging/pins.py

wheel: install  ## Build dist/backstock-*.whl, docs pages and the store's screen included
	@$(BIN)/python -m build --wheel --no-isolation

clean:  ## Remove what make made: .venv, .demo, caches, fetched and built assets
	rm -rf $(VENV) .demo .soak $(ASSETS) packaging/assets/node_modules dist build *.egg-info
	rm -rf $(SCREEN_BUILT) $(SCREEN)/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .schemathesis

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Backstock needs Python 3.11 or later: apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		version=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo "Python's venv module is missing: apt install python$$version-venv"; exit 1; }
	@echo "Making $(VENV) with $(PYTHON)"
	@rm -rf $(VENV) && $(PYTHON) -m venv $(VENV)

$(DEMO_STAMP): | $(BIN)/python
	@test -e $(DEV_STAMP) || { echo "Installing pinned packages (a minute on a new machine) …"; \
		$(PIP) --require-hashes -r $(REQUIREMENTS)/demo.txt; }
	@rm -f $(VENV)/.demo-* && touch $@

$(DEV_STAMP): | $(BIN)/python
	@echo "Installing pinned packages and tools (a minute or two on a new machine) …"
	@$(PIP) --require-hashes -r $(REQUIREMENTS)/dev.txt
	@rm -f $(VENV)/.dev-* && touch $@

$(SELF_STAMP): $(DEMO_STAMP)
	@$(PIP) --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.self-* && touch $@

$(ASSETS_STAMP): $(DEMO_STAMP)
	@$(BIN)/python packaging/assets/fetch.py $(ASSETS)
	@rm -f $(VENV)/.assets-* && touch $@

$(SCREEN_STAMP): $(DEMO_STAMP)
	@echo "Building the store's screen …"
	@cd $(SCREEN) && $(NPM) ci >/dev/null && $(NPM) run --silent build >/dev/null
	@rm -f $(VENV)/.screen-* && touch $@
