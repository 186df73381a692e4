# make demo    rank the features of real tables: TABLE=file.csv TARGET=column for your own,
#              ARGS=-q for silence
# make test    the test suite; make test-fast leaves slow tests out, make test-long runs those
#              that take seconds each, on default networks or as whole commands, which make test
#              leaves out
# make coverage
#              the test suite, and the lines that no test runs; fails under 95 %
# make lint    ruff, mypy, the import contracts and codespell
# make bench   the quick form of every benchmark; fails where a figure is not within
#              benchmarks/bounds.toml, and names it
# make docs    the pages, in docs/_build/html
# Each creates its own .venv the first time.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= results
# Each worker starts with half of the tests in their order, so that what a file fits once is fitted
# in one worker, and takes from the other's when it is done.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal
INSTALL := $(BIN)/python -m pip install --quiet --constraint constraints.txt

.PHONY: demo test test-long test-fast coverage lint bench docs clean

demo: $(VENV)/.demo
ifdef TABLE
	$(if $(TARGET),,$(error TABLE is set but TARGET is not: make demo TABLE=$(TABLE) TARGET=column))
	$(BIN)/sklearn-deeplifft rank "$(TABLE)" --target "$(TARGET)" --output "$(OUT)" $(ARGS)
else
	$(BIN)/sklearn-deeplifft demo --output "$(OUT)" $(ARGS)
endif

test: $(VENV)/.test
	$(PYTEST) -m "not long" $(ARGS)

test-long: $(VENV)/.test
	$(PYTEST) -m long $(ARGS)

test-fast: $(VENV)/.test
	$(PYTEST) -m "not slow and not long" $(ARGS)

coverage: $(VENV)/.test
	$(PYTEST) -m "not long" --cov \
	  --cov-report=term-missing:skip-covered $(ARGS)

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks $(ARGS)

docs: $(VENV)/.docs
	$(BIN)/sphinx-build -q -W -b html docs docs/_build/html

# One stamp for each set of extras; pyproject.toml or the pins changing reinstalls.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; found $$($(PYTHON) --version). Try: make PYTHON=python3.12"; \
	  exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.demo: EXTRAS := [plot,tables,anndata]
$(VENV)/.test: EXTRAS := [test]
$(VENV)/.lint: EXTRAS := [lint]
$(VENV)/.bench: EXTRAS := [bench,plot,tables,anndata,sequences]
$(VENV)/.docs: EXTRAS := [docs]

$(VENV)/.demo $(VENV)/.test $(VENV)/.lint $(VENV)/.bench $(VENV)/.docs: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing sklearn-deeplifft$(EXTRAS) into $(VENV) (the first time takes some minutes) ..."
	$(INSTALL) --editable ".$(EXTRAS)"
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info .coverage .pytest_cache .ruff_cache .mypy_cache .hypothesis docs/_build
