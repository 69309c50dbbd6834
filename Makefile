# `make demo` and `make test` are all a newcomer needs; both install into ./.venv first.

PYTHON ?= python3
BIN := .venv/bin
CORES ?= $(shell nproc)

.PHONY: demo test test-slurm lint install estimate slurm dag

demo: install  ## the whole pipeline on the generated dataset
	$(BIN)/snakemake --cores $(CORES)

estimate: install  ## what a run would cost; with CONFIG=mine.yaml, a run of that
	$(BIN)/snakemake estimate --forcerun estimate --cores 1 --quiet all \
	  $(if $(CONFIG),--configfile $(CONFIG))

test: install lint slurm  ## checks, unit tests and end-to-end runs, one of them on a real Slurm
	$(BIN)/pytest

test-slurm: install slurm  ## all tests on the Slurm started for them: faults too
	$(BIN)/pytest tests/slurm -m ""

slurm:  # its Debian packages, where they can be had
	@command -v slurmctld munged > /dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null \
	  && apt-get update > /dev/null && DEBIAN_FRONTEND=noninteractive \
	  apt-get install --yes --no-install-recommends slurm-wlm munge > /dev/null; } \
	  || echo "Slurm is not installed: its tests will be skipped"

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/mypy
	$(BIN)/snakemake --lint

dag: install  ## docs/dag.png: which rule follows which (needs graphviz: apt-get install graphviz)
	@if command -v dot > /dev/null; then \
	  $(BIN)/snakemake --configfile docs/configurations/one_shard.yaml --rulegraph dot -- \
	    results/shapes/efficientnet_lite0/miou.txt results/shapes/resnet18/miou.txt \
	    | sed 's/_shapes_00000//; s/shapes_shapes/shapes/' | dot -Tpng -Gdpi=80 -o docs/dag.png; \
	else echo "dot is not installed: apt-get install graphviz draws docs/dag.png"; fi

install: .venv/installed

.venv/installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --requirement requirements.txt
	$(BIN)/pip install --no-deps --editable .
	touch $@
