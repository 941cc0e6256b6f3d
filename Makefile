# Two commands matter: `make run` and `make test`. CONTRIBUTING.md explains the rest.
PYTHON ?= python3
VENV   := .venv
PEERS  := .venv-bench
INFRA  := .venv-infra
MINI   := .venv-ministack
BIN    := $(VENV)/bin
NODE   := $(shell command -v npm 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help run test ready-to-test check lint types unit bench soak format clean lock system dashboard infra check-infra types-infra check-ministack

help:
	@echo "make run     start Sightline on its own PostgreSQL and print its address"
	@echo "make test    install what the tests need and run everything"
	@echo "make check   format, lint, types, floors, unit tests (under a minute)"
	@echo "make bench   benchmarks, as ratios to a control in the same run"
	@echo "make infra   write the AWS templates anew, of infra/"
	@echo "make check-ministack  the AWS templates and the beacon on an emulator"
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

$(VENV)/.spark: requirements/spark.txt $(VENV)/.dev
	@echo "==> installing PySpark, for the tests that run a cluster"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/spark.txt
	@touch $@

# What benchmarks measure against, made only for those that have such a control.
WITH_PEERS := detectors lambdas vault

$(PEERS)/.peers: requirements/bench.txt | $(BIN)/python
	@echo "==> installing what Sightline is measured against (hashed, $(words $(shell grep -oE '^[a-z0-9.-]+==' requirements/bench.txt)) packages)"
	@$(BIN)/python -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@touch $@

# The CDK is half a gigabyte with its Node.js: in an environment of its own.
$(INFRA)/.infra: infra/requirements.txt | $(BIN)/python
	@echo "==> installing the CDK, for the AWS templates (hashed, $(words $(shell grep -oE '^[a-z0-9.-]+==' infra/requirements.txt)) packages)"
	@$(BIN)/python -m venv $(INFRA)
	@$(INFRA)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r infra/requirements.txt
	@touch $@

# An emulator of AWS whose pins are not ours.
$(MINI)/.ministack: requirements/ministack.txt | $(BIN)/python
	@echo "==> installing MiniStack, an emulator of AWS (hashed, $(words $(shell grep -oE '^[a-z0-9.-]+==' requirements/ministack.txt)) packages)"
	@$(BIN)/python -m venv $(MINI)
	@$(MINI)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/ministack.txt
	@touch $@

system:
	@tools/system-packages

dashboard: | $(BIN)/python
	@$(BIN)/python -m tools.assets

# ---- the two commands -------------------------------------------------------------------------------------------

run: $(VENV)/.run dashboard
	@exec $(BIN)/sightline up $(if $(DATA),--data $(DATA)) $(if $(PORT),--port $(PORT))

test: ready-to-test check check-infra
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not unit and not soak"

# Side by side: each waits for the network, and uses one core.
ready-to-test:
	@$(MAKE) --no-print-directory -j 3 --output-sync=line $(VENV)/.spark $(INFRA)/.infra system dashboard

# ---- the rest ---------------------------------------------------------------------------------------------------

check: $(VENV)/.dev
	@$(MAKE) --no-print-directory -j 2 --output-sync=target types lint unit

# Parts of `make check`, side by side: types are read by one process, however many cores there are.
lint:
	$(BIN)/ruff format --check --quiet src tests bench tools examples lambda infra
	$(BIN)/ruff check --quiet src tests bench tools examples lambda infra
	PYTHONPATH=src:lambda/python/src:lambda/beacon/src:lambda/forwarder/src $(BIN)/lint-imports --no-cache > $(VENV)/floors.log || { cat $(VENV)/floors.log; exit 1; }

types:
	$(BIN)/mypy --no-error-summary

unit:
	$(BIN)/python -m pytest -n 2 --dist loadfile -m unit

infra: $(INFRA)/.infra
	$(INFRA)/bin/python -m infra

# Apart: the CDK's own types take minutes to read, and change with its pins only.
types-infra: $(INFRA)/.infra
	$(INFRA)/bin/mypy --config-file infra/mypy.ini --no-error-summary

check-infra: $(INFRA)/.infra
	$(INFRA)/bin/python -m pytest -c infra/pytest.ini --rootdir .

# Apart: a young emulator that nothing else rests on.
check-ministack: $(VENV)/.dev $(MINI)/.ministack
	$(BIN)/python -m pytest -o addopts="-q --strict-markers --strict-config --import-mode=importlib" tests/ministack

bench: $(VENV)/.dev $(if $(filter $(WITH_PEERS),$(or $(BENCH),$(WITH_PEERS))),$(PEERS)/.peers) system
	$(BIN)/python -m bench $(BENCH)

soak: $(VENV)/.dev system dashboard
	$(BIN)/python -m pytest -m soak

format: $(VENV)/.dev
	$(BIN)/ruff format --quiet src tests bench tools examples lambda infra
	$(BIN)/ruff check --fix --quiet src tests bench tools examples lambda infra

lock:
	$(PYTHON) tools/lock.py

clean:
	rm -rf $(VENV) $(PEERS) $(INFRA) $(MINI) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
	rm -rf src/sightline/server/static dashboard/node_modules browser/node_modules browser/dist examples/shop/node_modules examples/shop/dist
