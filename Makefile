# Everything a contributor types. Needs python3 (3.11 or newer), its venv module, and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO ?= maskwright-demo
MASKWRIGHT_DATA ?= ../shared/data
PHOTOS := $(MASKWRIGHT_DATA)/photos/photos.csv
UNLABELLED := $(MASKWRIGHT_DATA)/unlabelled/unlabelled.csv

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow check fix bench docs weights

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

demo: $(STAMP)  ## make pairs with known edits, annotate them, show how well that went
	$(BIN)/maskwright demo -o $(DEMO)

test: $(STAMP)  ## the fast tests
	$(BIN)/python -m pytest -q -n 2 -m "not slow"

test-slow: $(STAMP)  ## the tests that take long, and those that need data beside the repository
	$(BIN)/python -m pytest -q -n 2 -m slow

check: $(STAMP)  ## format, lint, types, import order, examples, CLI reference; changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/make_cli_reference.py --check
	$(BIN)/python docs/make_columns.py --check
	$(BIN)/python docs/make_defects.py --check
	$(BIN)/python docs/make_corpora.py --check
	$(BIN)/python docs/make_formats.py --check
	$(BIN)/python -m pytest -q --doctest-modules src tests/test_house.py tests/test_docs.py tests/cli/test_help.py

fix: $(STAMP) docs  ## repair what can be repaired: format, lint, CLI reference
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP)  ## the benchmarks: speed, memory, resuming
	@for script in benchmarks/bench_*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

weights: $(STAMP)  ## train the networks that are shipped, into trained/; sigma wants a GPU
	$(BIN)/maskwright train autoencoder --photos $(PHOTOS) --steps 1338 --batch 16 --seed 1 -o trained/autoencoder
	$(BIN)/maskwright train compact --photos $(PHOTOS) --steps 7000 --reuse 10 --seed 1 \
		--autoencoder trained/autoencoder/autoencoder.onnx -o trained/compact
	$(BIN)/maskwright train sigma --photos $(PHOTOS) --steps 2329 --batch 64 --seed 1 \
		--autoencoder trained/autoencoder/autoencoder.onnx -o trained/sigma-1
	$(BIN)/maskwright train sigma --stage 2 --start trained/sigma-1 --photos $(PHOTOS) --steps 1873 --batch 128 --seed 1 \
		--autoencoder trained/autoencoder/autoencoder.onnx --unlabelled $(UNLABELLED) -o trained/sigma-2
	$(BIN)/maskwright train caaa --photos $(PHOTOS) --minutes 140 --seed 1 -o trained/caaa
	$(BIN)/maskwright generate $(PHOTOS) trained/made -n 4000 --split train --seed 16 --autoencoder trained/autoencoder/autoencoder.onnx
	$(BIN)/maskwright annotate trained/made/pairs.csv trained/annotated --annotator compact
	$(BIN)/maskwright select trained/annotated --name sure \
		--where "verdict = 'local_edit' and confidence > 0.3 and area_frac between 0.005 and 0.6"
	$(BIN)/maskwright build trained/dataset --from trained/annotated --selection sure --format parquet --split 0.9,0.1,0 --authentic 1 \
		--originals-are-photographs --exclude $(MASKWRIGHT_DATA)/pairs/pairs.csv --restricted include --regeneration paste-back
	$(BIN)/maskwright train detector --name compact-detector --data trained/dataset --minutes 65 --batch 16 --seed 1 -o trained/detector

docs: $(STAMP)  ## write the CLI reference anew
	$(BIN)/python docs/make_cli_reference.py
	$(BIN)/python docs/make_columns.py
	$(BIN)/python docs/make_defects.py
	$(BIN)/python docs/make_corpora.py
	$(BIN)/python docs/make_formats.py

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: maskwright needs Python 3.11 or newer, this is " + sys.version.split()[0] + "\nhint:  name another one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@
