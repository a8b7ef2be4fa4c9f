# Everything below needs Python 3.11 or newer with venv, and make. What else it needs it installs into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEPLOYABLE := $(VENV)/.deployable

# Of `make demo`; see the README.
SOURCES ?=
OUT ?= build/demo
HEADLESS ?=
PACE ?=
FPS ?= 2
START ?=
TIME_ZONE ?=

export ORT_DISABLE_TELEMETRY = 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help setup demo test check bench format requirements layers synth rehearse deploy destroy clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 14

setup: $(READY) ## install what everything else needs, into .venv

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Vigie needs Python 3.11 or newer; name one with PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv is missing; on Debian: apt install python3-venv"; exit 1; }
	@echo "Installing the pinned packages into $(VENV), once; this takes a minute."
	@$(BIN)/python -m pip install --quiet --requirement requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## run the whole system here: SOURCES="cam1=clip.mp4 cam2=rtsp://..." OUT=build/demo HEADLESS=1
	@exec $(BIN)/python -m infra.local.demo $(if $(HEADLESS),--headless) --out "$(OUT)" --fps "$(FPS)" \
		--pace "$(PACE)" --start "$(START)" --time-zone "$(TIME_ZONE)"

# Through the environment, where its quotes stay as typed and `ps` shows no password.
demo: export SOURCES := $(SOURCES)

test: $(READY) ## every test that needs no account
	@$(BIN)/python -m pytest

check: $(READY) ## format, lint, types, import rules; edits nothing, needs no network
	@$(BIN)/ruff format --check --quiet . || { echo "run: make format"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: $(READY) ## the benchmarks, as a table and as JSON under build/bench
	@status=0; for bench in tests/benchmarks/bench_*.py; do \
		echo "== $$bench"; $(BIN)/python $$bench || status=1; done; exit $$status

format: $(READY) ## write the format that `check` asks for
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet .

requirements: $(READY) ## pin anew what pyproject.toml asks for
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --quiet \
		--no-emit-index-url --no-header --no-annotate --output-file requirements/dev.txt --upgrade

# Of the targets below: one of the stages of cdk.json, in place of the one that it names; YES=1 does not ask.
STAGE ?=
YES ?=

# A part of what `setup` installs, which is enough for these: a fresh clone need not wait for the rest, nor for
# bytecode of what is never imported.
$(DEPLOYABLE): requirements/dev.txt pyproject.toml
	@if [ -e $(READY) ]; then $(MAKE) --no-print-directory setup; else \
		$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
			{ echo "Vigie needs Python 3.11 or newer; name one with PYTHON=python3.12"; exit 1; }; \
		$(PYTHON) -m venv $(VENV) || { echo "Python's venv is missing; on Debian: apt install python3-venv"; exit 1; }; \
		echo "Installing what the templates need into $(VENV), once."; \
		$(BIN)/python -m pip install --quiet --no-compile --constraint requirements/dev.txt \
			hatchling editables && \
		$(BIN)/python -m pip install --quiet --no-compile --constraint requirements/dev.txt \
			--no-build-isolation --editable ".[deploy,vision]" || exit 1; \
	fi
	@touch $@

layers: $(DEPLOYABLE) ## build the functions' zips and layers below build/artefacts; needs no Docker
	@architecture=$$($(BIN)/python -m infra.synth --architecture $(STAGE)) && \
		$(BIN)/python -m layers.build --architecture $$architecture

synth: $(DEPLOYABLE) ## write the templates of STAGE below build/cdk.out, checked; needs no account, no model
	@architecture=$$($(BIN)/python -m infra.synth --architecture $(STAGE)) && \
		$(BIN)/python -m layers.build --for-templates --architecture $$architecture
	@$(BIN)/python -m infra.synth $(STAGE)

rehearse: layers $(READY) ## deploy to moto's server by the CDK's own command, and send a frame through
	@exec $(BIN)/python -m infra.rehearsal $(if $(STAGE),--stage "$(STAGE)")

deploy: $(READY) ## to AWS: checks, shows what changes, asks, deploys, examines: STAGE=trial YES=1
	@exec $(BIN)/python -m infra.deploy $(if $(STAGE),--stage "$(STAGE)") $(if $(YES),--yes)

destroy: $(READY) ## remove a stage from AWS, and say what stays: STAGE=trial YES=1
	@exec $(BIN)/python -m infra.destroy --stage "$(STAGE)" $(if $(YES),--yes)

clean: ## remove what was built; the environment stays
	@rm -rf build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
