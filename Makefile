# Two commands for newcomers: `make demo` shows a ward on a map, `make test` proves it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test proof bench docs lint clean packages
# What one goal needs is made beside each other, Python's packages and the browser's; several goals one after the other.
ifneq ($(words $(MAKECMDGOALS)),1)
.NOTPARALLEL:
else ifeq ($(MAKELEVEL),0)
MAKEFLAGS += --jobs=2
endif

BIN := .venv/bin
# One that is broken (interrupted, or its Python was upgraded) is made anew.
VENV = $(BIN)/python -m pip --version &>/dev/null || $$(.ci/python) -m venv --clear .venv
# Bytecode of what was installed: pip would make it alone, here another processor does, beside what comes next.
BYTECODE = $(BIN)/python -m compileall -qq .venv/lib || :
# Machine code for parcel codes is made once (10 to 20 seconds), so that no request waits for it.
COMPILE = $(BIN)/python -c 'import gisland.registry.pole.search'
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --no-compile --constraint constraints.txt
WEB := gisland/web
BUNDLE := $(WEB)/static/dist/app.js
# Files of tests run beside each other, in their order; each worker has databases of its own.
PYTEST := $(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder
export QT_QPA_PLATFORM := offscreen
# Hundreds of processes are started, and each would compile all of gisland again where nothing may be kept.
unexport PYTHONDONTWRITEBYTECODE

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/run $(BUNDLE) ## show the demo ward on a map: installs what is missing, then serves until Ctrl-C
	@exec $(BIN)/gisland up --demo

test: .venv/test $(BUNDLE) ## lint, types and all tests except the long proofs
	@# Beside each other: many tests wait for something, and mypy runs on one processor. What lint says comes last.
	@$(MAKE) --no-print-directory lint &>.venv/lint.log & lint=$$!; failed=0; \
	trap 'kill $$lint 2>/dev/null || :' EXIT; \
	$(PYTEST) -m "not proof" || failed=$$?; \
	wait $$lint || failed=$$?; cat .venv/lint.log; exit $$failed

proof: .venv/test $(BUNDLE) ## the long proofs
	$(PYTEST) -m proof

bench: .venv/run $(BUNDLE) ## race against other servers at 500,000 parcels
	$(BIN)/gisland bench items

docs: .venv/run ## data/registry.md: tables, keys and meanings, from the database itself
	$(BIN)/gisland db migrate
	$(BIN)/gisland db docs >data/registry.md.new
	mv data/registry.md.new data/registry.md

lint: .venv/test ## ruff and mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

clean: ## delete what make made and the private database; keys stay, dumps need them
	@if [[ -e .venv/run && -z $${GISLAND_DATABASE_URL:-} ]]; then $(BIN)/gisland db remove --yes; fi
	rm -rf .venv .bench $(WEB)/node_modules $(WEB)/static/dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis

# For whom the Debian packages are: what a goal needs has its value.
PURPOSE := run
test proof lint .venv/test: PURPOSE := test
bench: PURPOSE := bench
packages:
	@.ci/setup $(PURPOSE)

# The stamps lie in the environment itself, so that deleting it deletes them.
.venv/run: pyproject.toml constraints.txt | packages
	@echo "Chuẩn bị môi trường Python · Preparing the Python environment"
	@$(VENV)
	@$(PIP) --editable .
	@($(BYTECODE)) & $(COMPILE); wait $$!
	@touch $@

.venv/test: pyproject.toml constraints.txt | packages
	@echo "Chuẩn bị môi trường kiểm thử · Preparing the test environment"
	@$(VENV)
	@$(PIP) --editable '.[test]'
	@# A suite of tests that asks for older packages and runs with ours: beside the environment, so that both are content.
	@($(BYTECODE)) & bytecode=$$!; \
	$(PIP) --no-deps --upgrade --target .venv/ogctests ogctests; $(COMPILE); wait $$bytecode
	@touch $@ .venv/run

$(BUNDLE): $(WEB)/node_modules/.package-lock.json $(shell find $(WEB)/src -type f)
	@echo "Đóng gói trang bản đồ · Bundling the map page"
	@npm --prefix $(WEB) run --silent build

$(WEB)/node_modules/.package-lock.json: $(WEB)/package.json $(WEB)/package-lock.json | packages
	@npm --prefix $(WEB) ci --silent --no-audit --no-fund
	@touch $@
