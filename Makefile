# The two commands of the README are `make run` and `make test`; `make help` lists the rest.
# ROWCOL_HOME (default .rowcol) says where state lives; everything else is told by the environment too (docs/operating.md).

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Superset wants other versions of libraries the platform uses, so it has an environment of its own.
BI_VENV := .venv-bi
ROWCOL_HOME ?= $(CURDIR)/.rowcol
export ROWCOL_HOME
# The SQL linter has a target per folder: they and the other checks then take turns on two processors, whatever each takes, the longest
# first.
SQL := $(addprefix lint-,$(shell du -s dbt_project/models/*/ dbt_project/tests/ | sort -rn | cut -f 2))

# Many processes import the same modules: each is compiled by the first, and most of what is installed nobody imports. Until the
# tests were collected, installing, parsing, linting and they took 102 s of a processor where all was compiled, and take 82.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help

.PHONY: help run ui bi docs test lint types walls sql $(SQL) bench soak lock manifest clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

run: $(VENV)/.built ## onboard the sandbox's businesses into a new home, or run an incremental cycle, and print the portfolio
	@$(BIN)/rowcol quickstart

ui: $(VENV)/.built ## Dagster's webserver and daemon, with schedules, at http://127.0.0.1:3000
	@$(BIN)/rowcol ui

bi: $(VENV)/.built $(BI_VENV)/.installed ## the advisors' dashboards in Apache Superset, at http://127.0.0.1:8088
	@$(BIN)/rowcol bi

docs: $(VENV)/.built ## dbt's documentation of the models, at http://127.0.0.1:8081
	@$(BIN)/rowcol docs

# Tests write gigabytes of small databases and wait for the disk at each commit. In memory, where there is much room, a cycle over
# a small home takes a tenth less of a processor.
IN_MEMORY := $(shell awk '/MemAvailable/ {exit $$2 < 16000000}' /proc/meminfo 2>/dev/null && test -w /dev/shm && echo TMPDIR=/dev/shm)

# Not more workers than processors: 119 tests of models took three of them on two processors a fifth longer than two.
test: $(VENV)/.installed ## lint, types, import walls, SQL lint, then all tests
	@bash .ci/setup
	@$(MAKE) --no-print-directory -j 2 $(VENV)/.built types lint
	$(IN_MEMORY) $(BIN)/python -m pytest -m "not soak" -n 2 --dist loadgroup --no-loadscope-reorder

lint: sql types walls
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# To write what the next check can begin from takes 9 s of the 42 of a first one: only where a folder for it is there.
types: $(VENV)/.installed
	MYPY_CACHE_DIR=$(or $(wildcard .mypy_cache),/dev/null) $(BIN)/mypy --no-error-summary rowcol_assets ingestion expectations sandbox tests

walls: $(VENV)/.installed
	$(BIN)/lint-imports --no-cache

sql: $(SQL)

$(SQL): lint-%: $(VENV)/.installed
	$(BIN)/python -m tests.lint_sql lint --disable-progress-bar $*

bench: $(VENV)/.built ## the benchmarks: a table, and benchmarks.json in the home
	@$(BIN)/python -m tests.benchmarks

soak: $(VENV)/.built ## the long seeded tests
	$(BIN)/python -m pytest -m soak -n 2

manifest: $(VENV)/.installed ## parse the dbt project
	@$(BIN)/python -m rowcol_assets.transform

lock: $(VENV)/.installed ## resolve pyproject.toml and requirements-bi.in into their lock files, without addresses
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-annotate -q -o requirements.lock
	$(BIN)/uv pip compile requirements-bi.in --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-annotate -q -o requirements-bi.lock

clean: ## remove what was installed and built; the home stays
	rm -rf $(VENV) $(BI_VENV) dbt_project/target

DBT_SOURCES := $(shell find dbt_project -name target -prune -o -type f -print)

$(VENV)/.built: $(VENV)/.installed $(DBT_SOURCES)
	@$(BIN)/python -m rowcol_assets.transform
	@touch $@

$(VENV)/.installed: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check "uv==0.13.9"
	@$(BIN)/uv pip install -q --require-hashes -r requirements.lock
	@$(BIN)/uv pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(BI_VENV)/.installed: requirements-bi.lock $(VENV)/.installed
	@$(BIN)/uv venv -q --allow-existing --python $(PYTHON) $(BI_VENV)
	@$(BIN)/uv pip install -q -p $(BI_VENV)/bin/python --require-hashes --compile-bytecode -r requirements-bi.lock \
		|| { echo "Superset could not be installed: a package index is needed once, and nothing else of RowCol needs it" >&2; exit 1; }
	@touch $@
