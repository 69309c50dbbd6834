# `make demo` and `make test` are all a newcomer needs; both install into ./.venv first.

PYTHON ?= python3
BIN := .venv/bin
CORES ?= $(shell nproc)

.PHONY: demo test test-slurm test-whole test-bare fuzz reference lint types style lock install \
  estimate slurm dag docs architecture

demo: install  ## the whole pipeline on the generated dataset; with CONFIG=mine.yaml, on that
	$(BIN)/snakemake --cores $(CORES) $(if $(CONFIG),--configfile $(CONFIG))

estimate: install  ## what a run would cost; with CONFIG=mine.yaml, a run of that
	$(BIN)/snakemake estimate --forcerun estimate --cores 1 --quiet all \
	  $(if $(CONFIG),--configfile $(CONFIG))

test: install lint slurm  ## checks, unit tests and end-to-end runs, one of them on a real Slurm
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

test-slurm: install slurm  ## all tests on the Slurm started for them: faults too
	$(BIN)/pytest tests/slurm -m ""

test-whole: install  ## longer runs, of which make test plans a part, and what they hand over
	$(BIN)/pytest -m slow --ignore tests/slurm

test-bare:  ## both commands on a Debian with git, make and Python only (root, debootstrap)
	tests/bare.sh trixie
	tests/bare.sh bookworm

fuzz: install  ## damaged files of every kind, EXAMPLES of each, drawn anew each time
	EXAMPLES=$(or $(EXAMPLES),1000) $(BIN)/pytest --numprocesses 2 tests/test_fuzz.py

slurm:  # its Debian packages, where they can be had
	@command -v slurmctld munged > /dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null \
	  && apt-get update > /dev/null && DEBIAN_FRONTEND=noninteractive \
	  apt-get install --yes --no-install-recommends slurm-wlm munge > /dev/null; } \
	  || echo "Slurm is not installed: its tests will be skipped"

reference: install  ## pydensecrf, the reference CRF, and the comparisons with it
	@command -v g++ > /dev/null || { echo "pydensecrf has to be compiled: it needs g++ and Python's" \
	  "headers (on Debian: apt-get install g++ python3-dev)"; exit 1; }
	$(BIN)/pip install --no-deps pydensecrf2==1.1
	$(BIN)/pytest $(addprefix tests/test_,$(addsuffix .py, \
	  crf numba_crf torch_crf refinement uncertainty affinity multi_crop))

lint: install
	$(MAKE) --jobs 2 --output-sync types style

types: install
	$(BIN)/mypy

style: install
	$(BIN)/snakemake --lint
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

lock:  ## pins of all packages, from pyproject.toml (needs uv: pip install uv)
	$(PYTHON) envs/lock.py

docs: install  ## docs/configuration.md's tables and docs/config.schema.json, from the models
	$(BIN)/python -m rules.plan.schema.documentation

dag: install  ## docs/dag.png: which rule follows which (needs graphviz: apt-get install graphviz)
	@if command -v dot > /dev/null; then \
	  $(BIN)/snakemake --configfile docs/configurations/one_shard.yaml --rulegraph dot -- \
	    results/shapes/efficientnet_lite0/miou.txt results/shapes/resnet18/miou.txt \
	    results/shapes/resnet18/urn/model.zip \
	    | sed 's/_shapes_00000//; s/shapes_shapes/shapes/' | dot -Tpng -Gdpi=80 -o docs/dag.png; \
	else echo "dot is not installed: apt-get install graphviz draws docs/dag.png"; fi

architecture: install  ## docs/architecture.png: the packages and their imports
	$(BIN)/python -m docs.draw_architecture

install: .venv/urn

.venv/urn: .venv/packages pyproject.toml
	$(BIN)/pip install --no-deps --editable .
	touch $@

.venv/packages: requirements.txt tests/requirements.txt
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --no-deps --requirement requirements.txt --requirement tests/requirements.txt
	touch $@
