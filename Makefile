# Thin on purpose: each target is one line that works without make (see README.md).
PYTHON ?= python3
PY := .venv/bin/python
BROWSER ?= auto
NAME ?=
RUNS ?=
P ?=

.DEFAULT_GOAL := help
.PHONY: help env book test chapter reference lint lock clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: ## Make .venv from requirements.lock
	@$(PYTHON) tools/make_env.py

book: env ## Execute the chapters that changed and render the book
	@$(PY) -m bookmaker book

test: env ## Check style and types, run the tests and compare every chapter
	@$(PY) -m bookmaker test --browser $(BROWSER)

chapter: env ## Run one chapter on your runs: NAME=chinchilla RUNS=path.csv P="seed=1"
	@$(PY) -m bookmaker run "$(NAME)" $(if $(RUNS),--runs "$(RUNS)") $(foreach p,$(P),-p "$(p)")

reference: env ## Refresh the text outputs stored in the chapters' sources: NAME= for one
	@$(PY) -m bookmaker reference $(NAME)

lint: env ## Check style, types, chapters and bibliography, without running a chapter
	@$(PY) -m bookmaker lint

lock: env ## Resolve requirements.lock again
	@$(PY) -m bookmaker lock

clean: ## Remove what was built; the environment stays
	rm -rf _build .pytest_cache .mypy_cache .ruff_cache .hypothesis
