# `make demo` and `make test` are all a newcomer needs; both install into ./.venv first.

PYTHON ?= python3
BIN := .venv/bin
CORES ?= $(shell nproc)

.PHONY: demo test lint install

demo: install  ## the whole pipeline on the generated dataset
	$(BIN)/snakemake --cores $(CORES)

test: install lint  ## checks, unit tests and end-to-end runs
	$(BIN)/pytest

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/mypy
	$(BIN)/snakemake --lint

install: .venv/installed

.venv/installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --requirement requirements.txt
	$(BIN)/pip install --no-deps --editable .
	touch $@
