# `make run` serves Tutela with invented data, `make test` runs every test; nothing else is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000

.PHONY: run test check fix lock frontend bench drill

run: $(VENV)/run.stamp
	TUTELA_DEMO=1 $(BIN)/python manage.py start --demo --port $(PORT)

test: $(VENV)/dev.stamp
	$(BIN)/python tests/run.py

check: $(VENV)/dev.stamp
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run

fix: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

bench: $(VENV)/dev.stamp
	$(BIN)/python -m bench.vault
	$(BIN)/python -m bench.lists
	$(BIN)/python -m bench.casefile
	$(BIN)/python -m bench.workbooks
	$(BIN)/python -m bench.search
	$(BIN)/python -m bench.verifier
	$(BIN)/python -m bench.trail

drill: $(VENV)/dev.stamp
	$(BIN)/python -m bench.drill

lock: $(VENV)/dev.stamp
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements.in -o requirements.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements-dev.in -o requirements-dev.txt

frontend:
	sh frontend/build.sh

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Tutela needs Python 3.11 or newer; name it with PYTHON=…"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "This Python cannot make virtual environments. On Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/run.stamp: requirements.txt | $(VENV)/bin/python
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	touch $@

$(VENV)/dev.stamp: requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@ $(VENV)/run.stamp
