# Two commands matter: `make run` and `make test`. CONTRIBUTING.md explains the rest.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
NODE   := $(shell command -v npm 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help run test check bench soak format clean lock system dashboard

help:
	@echo "make run     start Sightline on its own PostgreSQL and print its address"
	@echo "make test    install what the tests need and run everything"
	@echo "make check   format, lint, types, floors, unit tests (under a minute)"
	@echo "make bench   benchmarks, as ratios to a control in the same run"
	@echo "make soak    the long forms of the fuzz, load and kill tests"
	@echo "make format  format the code   make clean  remove what was built   make lock  pin dependencies anew"

# ---- environments -----------------------------------------------------------------------------------------------

$(BIN)/python:
	@echo "==> creating $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; set PYTHON=" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "==> installing what Sightline needs (hashed, $(words $(shell grep -oE '^[a-z0-9.-]+==' requirements/run.txt)) packages)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	@$(BIN)/python -m tools.link
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "==> installing what the tests need (hashed, $(words $(shell grep -oE '^[a-z0-9.-]+==' requirements/dev.txt)) packages)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

system:
	@tools/system-packages

dashboard: | $(BIN)/python
	@$(BIN)/python -m tools.assets

# ---- the two commands -------------------------------------------------------------------------------------------

run: $(VENV)/.run dashboard
	@exec $(BIN)/sightline up $(if $(DATA),--data $(DATA)) $(if $(PORT),--port $(PORT))

test: $(VENV)/.dev system dashboard check
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not unit and not soak"

# ---- the rest ---------------------------------------------------------------------------------------------------

check: $(VENV)/.dev
	$(BIN)/ruff format --check --quiet src tests bench tools
	$(BIN)/ruff check --quiet src tests bench tools
	PYTHONPATH=src $(BIN)/lint-imports --no-cache > $(VENV)/floors.log || { cat $(VENV)/floors.log; exit 1; }
	$(BIN)/mypy --no-error-summary
	$(BIN)/python -m pytest -m unit

bench: $(VENV)/.dev system
	$(BIN)/python -m bench $(BENCH)

soak: $(VENV)/.dev system dashboard
	$(BIN)/python -m pytest -m soak

format: $(VENV)/.dev
	$(BIN)/ruff format --quiet src tests bench tools
	$(BIN)/ruff check --fix --quiet src tests bench tools

lock:
	$(PYTHON) tools/lock.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
	rm -rf src/sightline/server/static dashboard/node_modules browser/node_modules
