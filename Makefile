# make run    install into .venv and train the phone_price table
# make test   install and run the tests        make check   ruff, import-linter, mypy, floor plan
# make test-slow  the slow tests: servers, pages in a browser, notebooks, killed processes
# make ui     compare runs in MLflow           make viz     see the graph in kedro-viz
# make lessons  run the lessons and render them to HTML
# make lab      run the experiments that ship: their answers on one page
# make bench    measure speed                  make screenshots  draw its pictures anew
# make messages gather the messages to be translated, and compile translations
# make docs     build the site             make reference    write its table of hyperparameters anew
PYTHON ?= python3
BIN := .venv/bin
# Python compiles what it imports when it first does: of these packages, a small part. The tests
# import most, and have it done on all cores; a template or two in them is no Python, and is left.
INSTALL := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -c constraints.txt
REQUIREMENTS := pyproject.toml constraints.txt

.PHONY: run test test-slow check ui viz lessons lab bench screenshots docs reference messages format clean

run: .venv/.installed
	$(BIN)/kedro run --pipeline phone_price

test: .venv/.installed-test
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow"

test-slow: .venv/.installed-test
	$(BIN)/python -m pytest -n auto --dist loadgroup -m slow

check: .venv/.installed-check
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python tests/check_structure.py

ui: .venv/.installed
	@echo 'Where the runs of a table will be: kedro compare phone_price'
	MLFLOW_DISABLE_TELEMETRY=true $(BIN)/mlflow ui --backend-store-uri sqlite:///mlflow.db

viz: .venv/.installed-viz
	$(BIN)/kedro graph
	@echo 'The graph is at http://127.0.0.1:4141 (the list at its top left has every table)'
	$(BIN)/python -m http.server 4141 --bind 127.0.0.1 --directory data/08_reporting/graph

lessons: .venv/.installed-lessons
	PYTHONPATH=notebooks $(BIN)/python -m lessons.render

lab: .venv/.installed
	$(BIN)/kedro lab

bench: .venv/.installed
	$(BIN)/python tests/benchmarks/speed.py
	$(BIN)/python tests/benchmarks/side_by_side.py
	$(BIN)/python tests/benchmarks/experiments.py
	$(BIN)/python tests/benchmarks/serving.py

screenshots: .venv/.installed-test
	$(BIN)/python -m tests.browser.screenshots

docs: .venv/.installed-docs
	PYTHONPATH=notebooks $(BIN)/python docs/build.py

reference: .venv/.installed-test
	$(BIN)/python -m tests.hyperparameter_table

messages: .venv/.installed-test
	$(BIN)/python -m tests.message_catalog

format: .venv/.installed-check
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache

# One make installs at a time: another waits here, and then finds the work done.
INSTALLED := .venv/.installed $(addprefix .venv/.installed-,test check viz lessons docs)
ALONE := $(PYTHON) -c 'import fcntl, os, sys; file = os.open("pyproject.toml", os.O_RDONLY); fcntl.flock(file, fcntl.LOCK_EX); os.set_inheritable(file, True); os.execvp(sys.argv[1], sys.argv[1:])'

$(INSTALLED): $(REQUIREMENTS)
$(filter-out .venv/.installed,$(INSTALLED)): .venv/.installed

ifndef COLONNADE_ALONE

$(INSTALLED):
	@$(ALONE) $(MAKE) --no-print-directory COLONNADE_ALONE=yes $@

else

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "colonnade needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv

.venv/.installed: $(BIN)/python
	$(INSTALL) -e .
	touch $@

.venv/.installed-%:
	$(INSTALL) -e '.[$*]'
	@$(if $(filter test,$*),$(BIN)/python -m compileall -q -j 0 .venv/lib >/dev/null 2>&1 || true)
	touch $@

endif
