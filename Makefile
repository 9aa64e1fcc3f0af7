# `make run` serves Tutela with invented data, `make test` runs the tests; nothing else is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000

.PHONY: run test check fix lock messages frontend bench drill statistics-audit screens

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
	$(BIN)/python -m bench.publishing
	$(BIN)/python -m bench.releases
	$(BIN)/python -m bench.pages

# Do statistics of made-up populations keep their promises? Fails when one is not kept.
statistics-audit: $(VENV)/dev.stamp
	$(BIN)/python -m bench.statistics

# Pictures of forty screens in three languages at two widths, into screens/.
screens: $(VENV)/dev.stamp
	$(BIN)/python -m tests.browser.take_screens

drill: $(VENV)/dev.stamp
	$(BIN)/python -m bench.drill
	$(BIN)/python -m pytest -q -n 2 -m "drill and not browser" tests
	$(BIN)/python -m pytest -q -m drill tests/browser
	$(BIN)/python -m tests.postgres -q -n 2 -m "not browser" tests

lock: $(VENV)/dev.stamp
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements.in -o requirements.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements-dev.in -o requirements-dev.txt

# Brings locale/ up to date with the code; needs Debian's gettext. docs/contributing/translating.md goes on from there.
messages: $(VENV)/dev.stamp
	$(BIN)/python manage.py makemessages --all --add-location file --no-obsolete --no-wrap -i tests -i bench -i frontend
	sed -i '/^"POT-Creation-Date/d; /^"Report-Msgid-Bugs-To/d' locale/*/LC_MESSAGES/django.po
	$(BIN)/python manage.py compilemessages -i .venv -i frontend

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
