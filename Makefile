# Everything a developer or CI runs. Each target sets up what it needs; the second call is quick.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
OUT := out/etl_10tb
# Tests start thousands of interpreters, each of which would compile all of batchsim anew.
unexport PYTHONDONTWRITEBYTECODE
INPUTS := pyproject.toml constraints.txt batchsim/_version.py Makefile
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --no-input --constraint constraints.txt

# The first interpreter that runs and is new enough; `make PYTHON=/path/to/python3 ...` overrides the search.
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 python
FIND_PYTHON = for p in $(PYTHON) $(CANDIDATES); do \
	if $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$p; exit 0; fi; \
	done; echo "batchsim needs Python 3.11 or newer with venv; none of: $(CANDIDATES) is" >&2; exit 1

.PHONY: help demo test test-slow verify verify-long coverage mutants lint format notebooks bench constraints clean studies

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@python=$$($(FIND_PYTHON)); echo "Setting up $(VENV) with $$python"; rm -rf $(VENV); $$python -m venv $(VENV)

$(VENV)/.ready-run: $(INPUTS) | $(BIN)/python
	@echo "Installing batchsim"; $(PIP) --editable .
	@touch $@

$(VENV)/.ready-dev: $(INPUTS) | $(BIN)/python
	@echo "Installing batchsim with its development tools"; $(PIP) --editable '.[dev,parquet]'
	@touch $@ $(VENV)/.ready-run

demo: $(VENV)/.ready-run ## run the 10 TB night and print its report
	@mkdir -p $(dir $(OUT))
	@$(BIN)/batchsim run scenarios/etl_10tb.yaml --force --out $(OUT)

test: lint ## every check that CI runs: lint, then the fast tier of the tests
	@$(BIN)/python -m pytest -q -n 2

test-slow: $(VENV)/.ready-dev ## the tests that take more than a few seconds
	@$(BIN)/python -m pytest -q -n 2 -m slow

verify: $(VENV)/.ready-dev ## every layer of docs/verification.md at its full length, in one table (under 20 minutes)
	@$(BIN)/python tests/verify.py

verify-long: $(VENV)/.ready-dev ## the same layers, as long as a night
	@$(BIN)/python tests/verify.py --long

coverage: $(VENV)/.ready-dev ## branches that the fast tier reaches: all of scheduler, billing and reading, 95 % over all
	@$(BIN)/python -m pytest -q -n 2 --cov --cov-report=
	@$(BIN)/python scripts/coverage_table.py

studies: $(VENV)/.ready-dev ## run the ready questions of scenarios/studies and write their answers (some five minutes)
	@$(BIN)/python scripts/update_studies.py

mutants: $(VENV)/.ready-dev ## change the rules of placement, ordering, dependencies, retries and bills, line by line (an hour)
	@$(PIP) --editable '.[mutants]'
	@ulimit -v 4000000; $(BIN)/mutmut run --max-children 2
	@$(BIN)/mutmut results

lint: $(VENV)/.ready-dev ## ruff, mypy --strict, import contracts
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.ready-dev ## let ruff lay out the code
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

notebooks: $(VENV)/.ready-dev ## execute the notebooks and write their outputs
	@$(BIN)/python scripts/build_notebooks.py

bench: $(VENV)/.ready-dev ## what a job costs, against bare SimPy and the floors, and the other benchmarks
	@for b in benchmarks/bench_*.py; do $(BIN)/python "$$b"; done; $(BIN)/python benchmarks/run.py

constraints: ## choose the newest versions of everything anew
	@python=$$($(FIND_PYTHON)); box=$$(mktemp -d); trap 'rm -rf "$$box"' EXIT; $$python -m venv "$$box"; \
	"$$box/bin/python" -m pip --disable-pip-version-check --quiet install '.[dev,parquet,mutants]'; \
	{ echo "# Exact versions of everything that 'make' installs. Written by 'make constraints'."; \
	"$$box/bin/python" -m pip --disable-pip-version-check freeze --exclude batchsim; } > constraints.txt

clean: ## remove the environment, the caches and the demo's results
	@rm -rf $(VENV) $(OUT) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
