#: make demo      every table and figure from little data, into demo/: minutes
#: make setup     what the others need, into .venv
#: make test      the tests
#: make stress    one run of everything, killed twenty times: an hour
#: make lint      ruff, mypy, snakefmt and snakemake --lint
#: make readme    the tables in README and docs, from the committed results
#: make clean     removes what these have made
#:
#: .venv/bin/snakemake TARGET --cores all [--configfile workflow/scales/SCALE.yaml]
#:   with the scale demo, laptop or overnight, or none for the papers' own, makes
#:
#:   all                 every table and figure (without a TARGET)
#:   hirn2026 vu2026 denardin2025 chen2018 allen2024 outlook
#:                       the tables and figures of one study
#:   vu2026_linear vu2026_images
#:                       one half of vu2026
#:   own                 a table or raster of yours: --config own=my.csv
#:   comparison          every published number and statement next to ours,
#:                       after all studies
#:   figures/STUDY/NAME.png results/STUDY/NAME.csv
#:                       one figure or table (of a scale: in its folder)
#:   dsprites shapes3d mpi3d_real mpi3d_real_complex shapes3d_standin mpi3d_standin
#:                       a data set, and a panel of its images
#:   plan                how long the trainings take on this machine
#:
#:   Add -n for a dry run: jobs, trainings, downloads, files replaced.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: help setup demo test stress lint readme clean

help:
	@sed -n 's/^#: \{0,1\}//p' Makefile

setup: $(READY)

demo: $(READY)
	@$(BIN)/snakemake --unlock --quiet all --configfile workflow/scales/demo.yaml 2>/dev/null || true
	$(BIN)/snakemake --cores all --configfile workflow/scales/demo.yaml

test: $(READY)
	$(BIN)/python -m pytest -n 3

stress: $(READY)
	KILLS=20 $(BIN)/python -m pytest tests/workflow/test_killed_runs.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

readme: $(READY)
	$(BIN)/python -m betascan.report.readme

# PIP_USER: a user's pip.conf may have user = true, which a virtual environment rejects
$(READY): pins.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	  "betascan needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ...")'
	$(PYTHON) -m venv .venv
	PIP_USER=0 $(BIN)/python -m pip install --quiet --no-compile --requirement pins.txt
	@$(BIN)/python -m compileall -q -j 0 .venv/lib >/dev/null || true  # some are for other Pythons
	PIP_USER=0 $(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

clean:
	rm -rf .venv demo .snakemake .mypy_cache .ruff_cache .pytest_cache .hypothesis
