# make demo    the first comparison, in a fresh clone, with nothing but Python 3.11+ and make
# make app     the classroom in a browser
# make test    lint, types, layers, tests with coverage, but for the slow ones
# make slow    the slow tests: browsers, kills, fuzzing, what is published; `make test slow` is what CI runs
# make quick   the tests of make test, without counting lines
# make results everything that rests on the model: pages, figures, experiments; a quarter of an hour on two cores, goes on where it stopped
# make site    the documentation as pages that open without a network
# make help    the rest

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
NEWEST := .venv-newest
OLDEST := .venv-oldest
OUT    ?= results/demo
SEEDS  ?= 20
WORK   ?= results/publish
SITE   ?= results/site
LEAST  := 90

# What is imported is compiled once and kept, whatever the shell says: tests start Python hundreds of times.
export PYTHONDONTWRITEBYTECODE :=

# Only files whose hashes the locks name are installed; the package itself is built by what was installed so.
# Of tools a small part is ever imported: that part is compiled when it is.
INSTALL   := python -m pip install --quiet --require-hashes
AS_IS     := --no-compile
OURSELVES := python -m pip install --quiet --no-deps --no-build-isolation -e .
COMPILE   := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --no-strip-extras pyproject.toml

# Interpreters to try for the newest mesa, newest first; one that does not start is passed over.
NEWER := python3.14 python3.13 python3.12 $(wildcard $(HOME)/.pyenv/versions/3.1[2-9].*/bin/python)
# What meets mesa directly or through a run; NEWEST_TESTS lists those files that exist.
NEWEST_TESTS = $(wildcard tests/test_model*.py tests/test_mesa*.py tests/test_runs*.py tests/test_cli.py)

.PHONY: help demo app test slow quick lint style types coverage compiled interpreted bench docs site results lock newest test-newest test-oldest release-check clean

help:
	@sed -n 's/^# \{0,1\}//p;/^$$/q' Makefile
	@echo "make lint | bench | docs | lock | test-newest | test-oldest | release-check | clean"

$(VENV)/installed: pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed (make PYTHON=python3.12 ...)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/$(INSTALL) -r requirements.lock
	$(BIN)/$(OURSELVES)
	touch $@

$(VENV)/installed-%: $(VENV)/installed requirements-%.lock
	$(BIN)/$(INSTALL) $(AS_IS) -r requirements-$*.lock
	touch $@

# Most of what tests want compiled, while pip still fetches the tools for them.
$(VENV)/kernels: $(VENV)/installed $(wildcard pricewar/kernels/*.py)
	$(BIN)/pricewar verify >/dev/null
	$(BIN)/python -c 'import pricewar; pricewar.compare(["baseline", "byd-may-2025"], 1)'
	touch $@

demo: $(VENV)/installed
	$(BIN)/pricewar compare baseline byd-may-2025 byd-one-third --seeds $(SEEDS) --out $(OUT)

app: $(VENV)/installed-app
	$(BIN)/pricewar app

# What is checked in seconds comes first. Types and site keep the processor busy while tests wait for kernels.
test:
	$(MAKE) -j2 $(VENV)/installed-dev $(VENV)/kernels
	$(MAKE) $(VENV)/installed-docs style
	$(MAKE) -j3 types site coverage

lint: style types

style: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/oxlint --quiet pricewar/app/static
	$(BIN)/lint-imports

types: $(VENV)/installed-dev
	$(BIN)/mypy

# Kernels run compiled in the first pass and are seen line by line in the other, where overflow that compiled
# code takes in silence would be a warning.
coverage: compiled interpreted
	$(BIN)/coverage combine --quiet .coverage-compiled .coverage-interpreted
	$(BIN)/coverage report --fail-under=$(LEAST)

compiled: $(VENV)/installed-dev
	COVERAGE_FILE=.coverage-compiled $(BIN)/pytest -n 2 --dist worksteal -m "not slow" --cov --cov-report= --durations=15

interpreted: $(VENV)/installed-dev
	COVERAGE_FILE=.coverage-interpreted NUMBA_DISABLE_JIT=1 $(BIN)/pytest -W ignore::RuntimeWarning $(wildcard tests/test_kernels*.py) -m "not slow" --cov --cov-report=

slow: $(VENV)/installed-dev
	$(BIN)/pytest -n 2 --dist worksteal -m slow --durations=15

quick: $(VENV)/installed-dev
	$(BIN)/pytest -n 2 -m "not slow"

bench: $(VENV)/installed-dev $(VENV)/installed-bench
	$(BIN)/python benchmarks/bench_engine.py
	$(BIN)/python benchmarks/bench_market.py
	$(BIN)/python benchmarks/bench_lab.py speed
	$(BIN)/python benchmarks/bench_sweep.py
	$(BIN)/python benchmarks/bench_editions.py

docs: $(VENV)/installed-dev
	$(BIN)/python -m pricewar.cli.pages docs/reference

# Strict: a link or an anchor that leads nowhere, or a page without a place, is an error.
site: $(VENV)/installed-docs
	$(BIN)/python website/prepare.py $(SITE)
	$(BIN)/zensical build --strict -f $(SITE)/mkdocs.yml
	@echo "open $(SITE)/html/index.html"

# All steps that are not done with this edition of the model; STEP=NAME for one, WORK for where runs are kept.
results: $(VENV)/installed-dev
	$(BIN)/python -m pricewar.publish --work $(WORK) $(if $(STEP),--only $(STEP))

# Pins and hashes for every Python and platform; no header and no index, so that nobody's registry gets into the files.
# Each lock holds what its extras need beside the one above it, at the same versions.
lock: $(VENV)/installed-dev
	$(COMPILE) --upgrade --group build -o requirements.lock
	$(COMPILE) --upgrade $(foreach extra,dev app dask discovery rl search,--extra $(extra)) -c requirements.lock -o requirements-dev.lock
	$(COMPILE) --upgrade --extra app -c requirements-dev.lock -o requirements-app.lock
	$(COMPILE) --upgrade --extra bench -c requirements-dev.lock -o requirements-bench.lock
	$(COMPILE) --upgrade --extra docs -c requirements-dev.lock -o requirements-docs.lock

# The one install without a hash: what mesa releases today is what this test is for, and no lock can know it.
$(NEWEST)/installed: pyproject.toml requirements.lock requirements-dev.lock
	for python in $(NEWER); do \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && break; python=; done; \
	test -n "$$python" || { echo "no Python 3.12 or newer found"; exit 1; }; \
	test -x $(NEWEST)/bin/python || $$python -m venv $(NEWEST)
	$(NEWEST)/bin/$(INSTALL) $(AS_IS) -r requirements.lock
	$(NEWEST)/bin/$(INSTALL) $(AS_IS) -r requirements-dev.lock
	$(NEWEST)/bin/$(OURSELVES)
	$(NEWEST)/bin/python -m pip install --quiet --upgrade $(AS_IS) "mesa[network]"
	touch $@

newest: $(NEWEST)/installed

test-newest: $(NEWEST)/installed
	$(NEWEST)/bin/python -c 'import mesa, sys; print("mesa", mesa.__version__, "on Python", sys.version.split()[0])'
	$(NEWEST)/bin/pytest -n 2 $(NEWEST_TESTS)

# The lowest versions that pyproject.toml allows, on the lowest Python; tools for testing are those that fit them.
$(OLDEST)/installed: pyproject.toml $(VENV)/installed-dev
	$(BIN)/uv venv --quiet --clear --python 3.11 $(OLDEST)
	$(BIN)/uv pip compile --quiet --no-header --no-annotate --resolution lowest-direct --python 3.11 pyproject.toml $(foreach extra,app dask discovery search rl,--extra $(extra)) -o $(OLDEST)/lowest.txt
	$(BIN)/uv pip install --quiet --python $(OLDEST)/bin/python -r $(OLDEST)/lowest.txt
	$(BIN)/uv pip install --quiet --python $(OLDEST)/bin/python -c $(OLDEST)/lowest.txt pytest hypothesis tomli-w
	$(BIN)/uv pip install --quiet --python $(OLDEST)/bin/python --no-deps -e .
	touch $@

test-oldest: $(OLDEST)/installed
	$(OLDEST)/bin/python -c 'import mesa, numba, numpy; print("mesa", mesa.__version__, "numba", numba.__version__, "numpy", numpy.__version__)'
	$(OLDEST)/bin/pytest -m "not slow" $(NEWEST_TESTS) $(wildcard tests/test_kernels*.py)

# Wheel and sdist, built and installed outside the clone; PYTHON names the interpreter that they are tried on.
release-check: $(VENV)/installed-dev
	$(BIN)/python tests/release_check.py --python $(PYTHON)

clean:
	rm -rf $(VENV) $(NEWEST) $(OLDEST) .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .coverage* htmlcov
