# `make demo` runs everything on embedded data, `make test` the tests. Both set up .venv first.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: demo test lint readme clean

demo: $(READY)
	@$(BIN)/snakemake --unlock --quiet all --configfile workflow/scales/demo.yaml 2>/dev/null
	$(BIN)/snakemake --cores all --configfile workflow/scales/demo.yaml
	@echo "Figures are in demo/figures, tables in demo/results."

test: $(READY)
	$(BIN)/python -m pytest -n 2

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

readme: $(READY)
	$(BIN)/python -m betascan.report.readme

$(READY): pins.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	  "betascan needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement pins.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

clean:
	rm -rf .venv demo .snakemake .mypy_cache .ruff_cache .pytest_cache .hypothesis
