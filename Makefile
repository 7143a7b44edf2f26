# One command each; `make help` lists them. Every target sets up what it needs in .venv.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

# Other access points, in places of their own.
AS4 := .venv/interop
PHASE4 := tests/interop/phase4

.PHONY: help setup demo test check bench crash interop fix docs lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

setup: $(READY) ## install everything, pinned by hash, into .venv

$(READY): requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Budkavle needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## the whole gateway with sandboxes on loopback, a few invoices, what became of them
	$(BIN)/budkavle demo $(ARGS)

test: $(READY) ## every test
	$(BIN)/python -m pytest -q -n auto --dist loadfile $(ARGS)

check: $(READY) ## format, lint, types, direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(READY) ## format and mend what can be mended by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY) ## ratios, side by side in one run
	$(BIN)/python -m tests.bench $(ARGS)

crash: $(READY) ## kill -9 under load, on both databases; ARGS="--kills 60 --kind workers"
	$(BIN)/python -m tests.crash $(ARGS)

interop: $(READY) $(AS4)/.ready $(PHASE4)/target/.ready ## messages and receipts both ways with phase4 (needs a JDK and Maven) and `as4`
	INTEROP_PHASE4=$(abspath $(PHASE4))/target INTEROP_AS4=$(abspath $(AS4))/bin/python \
	  $(BIN)/python -m pytest -q -n0 tests/interop $(ARGS)

$(AS4)/.ready: requirements/interop.txt | $(READY)
	$(PYTHON) -m venv $(AS4)
	$(AS4)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/interop.txt
	@touch $@

$(PHASE4)/target/.ready: $(PHASE4)/pom.xml $(wildcard $(PHASE4)/src/main/java/*/*.java)
	mvn --batch-mode --quiet --file $(PHASE4)/pom.xml process-classes
	@touch $@

docs: $(READY) ## rewrite the generated reference pages
	$(BIN)/python -m tests.docs.generate

lock: $(READY) ## pin the dependencies again
	for set in run dev; do \
	  extra=$$([ $$set = dev ] && echo "--extra dev"); \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-header $$extra --upgrade pyproject.toml -o requirements/$$set.txt; \
	done
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --upgrade --group interop -o requirements/interop.txt

clean: ## remove what the targets made
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis $(PHASE4)/target
