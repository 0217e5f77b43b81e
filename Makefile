# The two commands of the README are `make demo` and `make test`. Everything is set up by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOADED := $(VENV)/.loaded
# More processes than cores, as many tests wait; a few tests at a time, so that none is left behind.
PYTEST := $(BIN)/python -m pytest -n 8 --maxschedchunk 2
# Where the environment forbids it, each of hundreds of processes would compile everything anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo test unit check lint fix docs sandbox screenshot bench measure simulate

help:  ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: $(READY)  ## two days of a company's CRM in the sandbox: new, changed, gone, unchanged
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh demo/two-days.sh

test: $(LOADED)  ## run the tests
	$(PYTEST)

unit: $(READY)  ## run the unit tests: seconds
	$(BIN)/python -m pytest -n 2 tests/unit

check: lint $(LOADED)  ## ruff, mypy, and the tests with their branch coverage
	$(PYTEST) --cov

lint: $(READY)  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fix: $(READY)  ## let ruff mend and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY)  ## write what follows from the declared settings: docs, meltano.yml, hub file
	$(BIN)/python docs/generate.py

sandbox: $(READY)  ## serve the sandbox on port 8700 until stopped
	$(BIN)/target-apptivo-sandbox --port 8700

screenshot: $(READY)  ## take the README's picture (needs chromium)
	$(BIN)/python docs/screenshot.py

bench: $(READY)  ## measure side by side
	$(BIN)/python -m benchmarks

measure: $(READY)  ## print the measures of the code, and whether they hold
	$(BIN)/python docs/measure.py

SEEDS ?= 1000
FROM ?= 0
simulate: $(READY)  ## run SEEDS=1000 simulated courses FROM=0, or one: SEED=n
	$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(SEEDS) --from $(FROM))

# The system's pip installs into the environment, so that a Python without ensurepip will do.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; say make PYTHON=python3.x" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv --without-pip --clear $(VENV)
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --upgrade --only-binary :all: pip uv || \
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --upgrade pip
	$(BIN)/python tests/install.py $(BIN)/python --constraint constraints.txt --editable '.[sandbox,postgres]' --group dev
	@touch $(READY)

# What the tests load is compiled by one process; of those that run them, each would compile it all.
$(LOADED): $(READY)
	@$(BIN)/python -m pytest --collect-only --quiet >/dev/null || true
	@touch $(LOADED)
