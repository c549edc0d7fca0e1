# `make report` is the main job, `make check` runs every test; both need python3 (3.11 or newer) and make.
PYTHON ?= python3
OUT ?= build
VENV := .venv
DASK := .venv-dask
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: report check check-dask data bench simulation picture clean

report: $(VENV)/installed
	$(BIN)/spineevidence report --data data --out $(OUT)

check: $(VENV)/installed-for-development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest
	$(MAKE) check-dask

# Apart, because pandas works differently where Dask has brought pyarrow with it.
check-dask: $(DASK)/installed
	$(DASK)/bin/python -c "import dask.dataframe"
	$(DASK)/bin/python -m pytest tests/test_pooling_groups.py

data: $(VENV)/installed
	$(BIN)/python -m spineevidence.datapackage data

bench: $(VENV)/installed-for-development
	$(BIN)/python benchmarks/run.py

# Writes docs/methods/simulation.md; REPLICATES=100 prints a quick look and writes nothing.
simulation: $(VENV)/installed-for-development
	PYTHONPATH=benchmarks $(BIN)/python -m simulation $(if $(REPLICATES),--replicates $(REPLICATES))

picture: $(VENV)/installed
	$(BIN)/python docs/images/draw.py

clean:
	rm -rf $(VENV) $(DASK) $(OUT) .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c "import sys; sys.exit(0 if sys.version_info >= (3, 11) else 'Python 3.11 or newer is needed')"
	$(PYTHON) -m venv $(VENV) || \
	    { $(PYTHON) -m venv --clear --without-pip $(VENV) && \
	      $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }

$(VENV)/installed: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable .
	@touch $@

$(VENV)/installed-for-development: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable ".[dev]"
	@touch $@ $(VENV)/installed

$(DASK)/installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m venv $(DASK) || \
	    { $(BIN)/python -m venv --clear --without-pip $(DASK) && \
	      $(BIN)/python -m pip --python $(DASK)/bin/python install --quiet pip; }
	$(DASK)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
	    --editable ".[dask,dev]"
	@touch $@
