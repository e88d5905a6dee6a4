# `make help` lists what one can do here.
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help photos cifar10 ahead study test quick-test check bench soak schema lock audit clean

.venv/installed: requirements.txt
	@echo installing the packages of requirements.txt into .venv, about two minutes
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@.venv/bin/pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation -e .
	@touch $@

photos: .venv/installed ## the whole study on the embedded pictures; no network
	@python -m stages.study run photos

cifar10: .venv/installed ## the whole study on CIFAR-10 (CIFAR10_ARCHIVE=... to use your copy)
	@python -m stages.study run cifar10

ahead: .venv/installed ## all networks that are out of date, on all processors; then dvc repro
	python -m stages.ahead $(TARGETS)

study: .venv/installed ## that on your own pictures: NAME=flowers PICTURES=~/flowers; REMOVE=1
	@test -n "$(NAME)" || { echo "error: NAME is missing: make study NAME=flowers PICTURES=~/flowers" >&2; exit 2; }
	@$(if $(REMOVE),python -m stages.study remove "$(NAME)",:)
	@$(if $(REMOVE),:,$(if $(PICTURES),python -m stages.study add "$(NAME)" "$(PICTURES)",:))
	@$(if $(REMOVE),:,python -m stages.study run "$(NAME)")

# One process for each processor; COVERAGE=yes measures what of stages/ and tests/ runs.
test: .venv/installed ## the tests
	python -m pytest -n logical --dist worksteal $(if $(COVERAGE),--cov --cov-report=term --durations=10)

quick-test: .venv/installed ## those of the tests that take a moment: none that runs DVC
	python -m pytest -n logical --dist worksteal -m "not slow"

check: .venv/installed ## ruff, mypy, and who may import whom
	ruff check stages tests
	ruff format --check stages tests
	mypy
	lint-imports

bench: .venv/installed ## networks beside scikit-learn and, if installed, PyTorch; all cores; a cluster; growth
	python -m tests.benchmarks.network --output reports/benchmarks.md
	python -m tests.benchmarks.patches --output reports/benchmarks-patches.md
	python -m tests.benchmarks.convolution --output reports/benchmarks-convolution.md
	python -m tests.benchmarks.cores --output reports/benchmarks-cores.md
	python -m tests.benchmarks.cluster --output reports/benchmarks-cluster.md
	python -m tests.benchmarks.scaling --output reports/benchmarks-scaling.md

soak: .venv/installed ## kill, fill, damage and disturb everything
	python -m tests.soak --output reports/reliability.md

schema: .venv/installed ## params.yaml's JSON Schema, by which editors complete and check it
	python -m stages.check --schema stages/schema/params.schema.json

lock: ## write requirements.txt anew from pyproject.toml, for Python 3.11 to 3.13
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet uv
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header --group dev pyproject.toml -o requirements.txt
	rm -rf .venv-lock

# Strict, or a package that the service does not know would count as safe. What breaks off has much
# to say, and the reason in its last line.
audit: ## ask PyPI's advisory service about the locked packages (needs a network)
	@$(PYTHON) -m venv .venv-audit
	@{ .venv-audit/bin/pip install --quiet pip-audit && .venv-audit/bin/pip-audit --strict \
	  --progress-spinner off --disable-pip --require-hashes -r requirements.txt; \
	} 2> .venv-audit/messages; status=$$?; \
	last=$$(tail -n 1 .venv-audit/messages); rm -rf .venv-audit; case "$$last" in \
	  "Found "* | "No known "*) echo "$$last" ;; \
	  *) echo "error: no audit, it broke off: $$last" ;; esac >&2; exit $$status

clean: ## remove all that can be made again, but not DVC's cache
	rm -rf .venv data models .checkpoints .locks .timings .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
