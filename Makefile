# Thin on purpose: each target is one line that works without make (see README.md).
PYTHON ?= python3
PY := .venv/bin/python
BROWSER ?= auto
NAME ?=
RUNS ?=
P ?=
OLD ?=
NEW ?=
TAG ?=
PYODIDE ?=

# What is given reaches the command as it stands, by the environment: neither make nor a shell reads
# a blank, a quote or a dollar sign in it.
export BOOK_NAME := $(value NAME)
export BOOK_RUNS := $(value RUNS)
export BOOK_P := $(value P)
export BOOK_BROWSER := $(value BROWSER)
export BOOK_OLD := $(value OLD)
export BOOK_NEW := $(value NEW)
export BOOK_TAG := $(value TAG)
export BOOK_PYODIDE := $(value PYODIDE)
unexport NAME RUNS P BROWSER OLD NEW TAG PYODIDE

.DEFAULT_GOAL := help
.PHONY: help env book test chapter kit lab compare lite pdf release new-chapter reference lint lock clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile
	@awk -F ' *## ' '/^#= / {sub(/^#= /, "", $$1); printf "%-17s %s\n", $$1, $$2}' Makefile

#=
#= NAME=chinchilla ## for chapter, kit, lab and reference: a chapter; for new-chapter: language/my_law
#= RUNS=my_runs.csv ## for chapter: a bundled table by name, or the path of a CSV or Parquet file
#= P="seed=1 ..." ## for chapter: other parameters; quote blanks, P="runs='my file.csv' seed=1"
#= OLD=v0.1.0.zip ## for compare: an edition (checkout, site, its zip file, or claims.csv); NEW= too
#= TAG=v0.1.0 ## for release: the tag, which must be the version
#= PYODIDE=path ## for lite: the folder of a Pyodide distribution, or its https address
#= BROWSER=required ## for test: fail where there is no Chromium, by default auto
#= PYTHON=python3.12 ## for env: the Python to make it with

env: ## Make .venv from requirements.lock
	@$(PYTHON) tools/make_env.py

book: env ## Execute the chapters that changed and render the book
	@$(PY) -m bookmaker book

test: env ## Check style and types, run the tests and compare every chapter
	@$(PY) -m bookmaker --make test

chapter: env ## Run one chapter on your runs: NAME=chinchilla RUNS=path.csv P="seed=1"
	@$(PY) -m bookmaker --make run

kit: env ## Write notebooks for students and teachers, and slides: NAME= for one chapter
	@$(PY) -m bookmaker --make kit

lab: env ## Open the chapters in JupyterLab, as copies to work in: NAME= for one chapter
	@$(PY) -m bookmaker --make lab

compare: env ## Say what changed since another edition: OLD=path, NEW=path (by default this one)
	@$(PY) -m bookmaker --make compare

lite: env ## Build the book with Python in it, which runs in a reader's browser: PYODIDE=path
	@$(PY) -m bookmaker --make lite

pdf: book ## Print the whole book to _build/book.pdf; needs Chromium
	@$(PY) -m bookmaker pdf

release: book ## Build what a release carries: wheel, source, the site's zip, the PDF if it is there
	@$(PY) -m bookmaker --make release

new-chapter: env ## Write a chapter from a template: NAME=language/my_law
	@$(PY) -m bookmaker --make new

reference: env ## Refresh the text outputs stored in the chapters' sources: NAME= for one
	@$(PY) -m bookmaker --make reference

lint: env ## Check style, types, chapters and bibliography, without running a chapter
	@$(PY) -m bookmaker lint

lock: env ## Resolve requirements.lock again, and binder/requirements.txt within it
	@$(PY) -m bookmaker lock

clean: ## Remove what was built; the environment stays
	rm -rf _build .pytest_cache .mypy_cache .ruff_cache .hypothesis
