# Two commands do everything on a fresh clone: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= out

.PHONY: setup demo test test-slow coverage lint format bench clean

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "dubline needs Python 3.11 or later")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@

# The extra asr, so that its tests run too; its lock says what is left out.
$(VENV)/.asr: $(VENV)/.ready requirements-asr.lock
	$(BIN)/python -m pip install --quiet --no-deps --requirement requirements-asr.lock
	touch $@

demo: setup
	$(BIN)/dubline demo --out $(OUT)

# A file's tests share what is dear to make: a film, a data set, a trained network. So one worker gets all of them.
# One thread each: two workers whose threads wait for one another on two cores take several times as long.
TESTS := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test: $(VENV)/.asr
	$(TESTS)

# Counting lines takes as long again as half of the tests.
coverage: $(VENV)/.asr
	$(TESTS) --cov --cov-report=term:skip-covered

test-slow: $(VENV)/.asr
	$(BIN)/python -m pytest -m slow

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# All but those that train, want a corpus, or take a machine for themselves; and their parts, which are no benches.
BENCHES := $(filter-out transfer reconstruction clean studio_night nightly long_title measure_costs costs queueing resident,$(patsubst bench/%.py,%,$(wildcard bench/*.py)))

bench: setup
	for name in $(BENCHES); do $(BIN)/python -m bench.$$name || exit 1; done

clean:
	rm -rf $(VENV) $(OUT) build *.egg-info
