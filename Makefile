# tokuban: `make help` lists what there is. Every target does its own set-up.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
STAMPS := $(VENV)/.stamps
PY := $(VENV)/bin/python
ARGS ?=
THREE := -n 3 --dist loadfile --no-loadscope-reorder

# Debian packages: what running needs, and what the tests drive besides.
RUN_PACKAGES := python3-venv
TEST_PACKAGES := $(RUN_PACKAGES) python3-dev gcc make git postgresql baresip linphone-cli \
  sip-tester sox tshark espeak-ng iproute2 procps chromium poppler-utils

.PHONY: help run test check bench soak packages docker-test format docs clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

run: $(STAMPS)/run ## bring the carrier up (options: make run ARGS="--sip-port 5070")
	@exec $(VENV)/bin/tokuban up $(ARGS)

# The carriers that tests start would each compile everything anew; and on a disk a test mostly
# waits for it: temporary folders are in memory where there are two gigabytes for them.
test: export PYTHONDONTWRITEBYTECODE :=
test: export TMPDIR := $(shell tools/setup temporary)
test: $(STAMPS)/dev $(STAMPS)/programs ## run every test, the softphone ones included
ifeq ($(ARGS),)
	$(PY) -m pytest $(THREE) -m listens tests/interop  # phones mostly wait: nothing heavy beside them
	$(PY) -m pytest $(THREE) -m "not listens"
else
	$(PY) -m pytest $(ARGS)
endif

check: $(STAMPS)/dev ## format, lint, types, import contracts
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: $(STAMPS)/dev $(STAMPS)/programs ## measure, and print each figure beside its target
	@for bench in tests/bench/bench_*.py; do echo "== $$bench"; $(PY) -m tests.bench.$$(basename "$$bench" .py); done

soak: $(STAMPS)/dev $(STAMPS)/programs ## kill the carrier 200 times while voice messages come and go
	$(PY) -m tests.soak.kill_voicemail $(ARGS)

packages: $(STAMPS)/programs ## install the Debian packages that running and testing need

docker-test: $(STAMPS)/dev $(STAMPS)/programs ## build the images and play every scenario in containers
	@PYTHON=$(PY) docker/test

format: $(STAMPS)/dev ## format the code and repair what ruff can
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

docs: $(STAMPS)/dev ## write the generated pages of docs/reference anew
	$(PY) -m lab.docs

clean: ## remove the virtual environment and caches (data stays)
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# --- set-up; each step leaves a stamp, so that it is done once -----------------------------

$(STAMPS)/venv: tools/setup
	@tools/setup venv $(VENV) $(RUN_PACKAGES)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/run: $(STAMPS)/venv pyproject.toml
	@tools/setup install $(VENV)
	@touch $@

$(STAMPS)/dev: $(STAMPS)/venv pyproject.toml
	@tools/setup install-dev $(VENV)
	@touch $@ $(STAMPS)/run

$(STAMPS)/programs: $(STAMPS)/venv Makefile
	@tools/setup packages $(TEST_PACKAGES)
	@touch $@
