# Lobule. `make help` lists what can be done; every command installs what it needs.
SHELL := /bin/bash
PYTHON ?= python3
TOOLS := .venv-tools
UV := $(shell command -v uv 2>/dev/null || echo $(TOOLS)/bin/uv)
RUN := $(UV) run --no-sync

# Compiled modules are kept: seven processes start from them, and TensorFlow takes long to compile anew each time.
unexport PYTHONDONTWRITEBYTECODE

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

$(TOOLS)/bin/uv:
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/pip install --quiet --disable-pip-version-check uv

.venv/.installed: uv.lock pyproject.toml shared/pyproject.toml shared/ml/pyproject.toml $(wildcard services/*/pyproject.toml) | $(filter $(TOOLS)/bin/uv,$(UV))
	$(UV) sync --frozen --no-dev --all-packages --no-progress
	@touch $@

.venv/.installed-dev: .venv/.installed
	$(UV) sync --frozen --all-packages --no-progress
	@touch $@

install: .venv/.installed ## Install everything that runs

demo: .venv/.installed ## See the whole system at work: make demo [IMAGES="a.png b.dcm"] [ARGS=--exit]
	$(RUN) lobule demo $(ARGS) $(IMAGES)

up: .venv/.installed ## Start the whole system on this machine until Ctrl-C
	$(RUN) lobule up $(ARGS)

# Two processes more than there are cores, because tests also wait for browsers and services;
# at most four, because each holds TensorFlow. Runs of selected tests use one process, because each process imports
# everything and starts servers of its own.
PROCESSES ?= $(if $(ARGS),0,$(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores < 2 ? cores + 2 : 4))))
# A run of all tests measures coverage: SlipCover removes its probes once they were hit, so it hardly takes longer. Its
# plugin measures the processes of pytest-xdist, too. The ignored warning is pytest's, about SlipCover.
SOURCES := shared/src,shared/ml/src,services/gateway/src,services/histo-worker/src,services/mammo-worker/src,services/report/src,services/dicom/src
MEASURED := python -m slipcover --source $(SOURCES) --json --out var/coverage.json -m pytest -W ignore::pytest.PytestAssertRewriteWarning
test: .venv/.installed-dev ## Run all tests, and hold coverage above its floors; or some: make test [ARGS="services/report -k pdf"] [PROCESSES=4]
	@mkdir -p var
	$(RUN) $(if $(ARGS),pytest,$(MEASURED)) --numprocesses $(PROCESSES) $(ARGS)
	$(if $(ARGS),,$(RUN) python .ci/coverage_floors.py var/coverage.json)

test-faults: .venv/.installed-dev ## Kill, stop and cut each part of the running system, and count what is lost [ARGS=--short]
	$(RUN) python bench/faults.py $(or $(ARGS),--soak 300)

test-protocol: .venv/.installed-dev ## Look for long for an order of events that loses a job or ends in an error of ours [RUNS=2000]
	LOBULE_HANDS_ACTIONS=$(or $(RUNS),2000) $(RUN) pytest services/gateway/tests/test_two_gateways.py
	LOBULE_PROTOCOL_RUNS=$(or $(RUNS),2000) $(RUN) pytest services/gateway/tests/test_protocol.py

check: .venv/.installed-dev web ## Lint, format, types, import contracts, licences, the portal's scripts
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) pyright
	$(RUN) lint-imports
	$(RUN) python .ci/licences.py $(UV)

duplicates: .venv/.installed-dev node_modules/.installed ## Hold repeated code below its budget
	$(RUN) python .ci/duplicates.py

sbom: .venv/.installed ## Write the bill of materials (CycloneDX) of what ships to var/sbom.cdx.json
	@mkdir -p var
	$(UV) export --quiet --frozen --no-dev --all-packages --format cyclonedx1.5 --output-file var/sbom.cdx.json > /dev/null

vulnerabilities: .venv/.installed ## Ask PyPI's advisories about every package that ships
	@mkdir -p var
	$(UV) export --quiet --frozen --no-dev --all-packages --no-emit-workspace --output-file var/shipped.txt > /dev/null
	$(UV) tool run pip-audit --disable-pip --requirement var/shipped.txt

node-modules: node_modules/.installed ## Install what checks the portal's scripts and pages; Node.js comes with the Python packages

node_modules/.installed: package-lock.json package.json .venv/.installed-dev
	$(RUN) npm ci --no-audit --no-fund --silent
	@touch $@

# The types are made anew each time and are not committed: they never lag behind the API, and change with it without noise.
web: .venv/.installed-dev node_modules/.installed ## Lint, types and unit tests of the portal's scripts
	@mkdir -p var/types
	$(RUN) python .ci/openapi.py > var/types/openapi.json
	$(RUN) npm run --silent api-lint
	$(RUN) npm run --silent api-types
	$(RUN) npm run --silent lint
	$(RUN) npm run --silent types
	$(RUN) npm run --silent test

format: .venv/.installed-dev ## Put the code into its format
	$(RUN) ruff check --fix
	$(RUN) ruff format

words: .venv/.installed-dev ## Sort the catalogues of sentences, and mark Chinese whose English has changed
	$(RUN) python -m lobule.words

wheelhouse: .venv/.installed ## Put every package into var/wheelhouse, for machines without internet access
	$(RUN) python deploy/wheelhouse.py $(UV) var/wheelhouse

COMPOSE ?= docker compose
ENGINE ?= docker
image-archive: ## Save all container images into var/lobule-images.tar, for servers without internet access
	@mkdir -p var
	$(COMPOSE) build
	images=$$($(COMPOSE) config | sed -n 's/^ *image: *//p' | sort -u); \
	for image in $$images; do $(ENGINE) image inspect $$image > /dev/null 2>&1 || $(ENGINE) pull $$image || exit 1; done; \
	$(ENGINE) save $(if $(findstring podman,$(ENGINE)),--multi-image-archive) --output var/lobule-images.tar $$images

compare-builds: ## Build images twice from nothing and compare their files [TARGETS="cli gateway"]
	$(PYTHON) deploy/compare_builds.py $(ENGINE) $(or $(TARGETS),cli)

KUBECTL ?= $(or $(LOBULE_KUBECTL),kubectl)
policies: $(filter $(TOOLS)/bin/uv,$(UV)) ## Check the manifests of k8s/ against Checkov's policies
	@rm -rf var/policies && mkdir -p var/policies
	for overlay in cpu gpu hospital; do $(KUBECTL) kustomize k8s/overlays/$$overlay > var/policies/$$overlay.yaml || exit 1; done
	$(UV) tool run --python 3.11 checkov@3.3.30 --config-file .ci/checkov.yaml

bench: .venv/.installed-dev ## Measure: from accept to report; a film's way. MATTERPORT=PYTHON sets a rival beside
	$(RUN) python bench/end_to_end.py $(ARGS)
	$(RUN) python bench/mammo_speed.py $(if $(MATTERPORT),--thesis 1024 --thesis 2048 --matterport $(MATTERPORT))

bench-compare: .venv/.installed-dev ## Measure this checkout beside another: make bench-compare BASE=FOLDER [ARGS="--images 40"]
	$(RUN) python bench/compare.py $(BASE) $(ARGS)

DATA ?= ../shared/data
WEIGHTS ?= ../shared/weights

reproduce-histo: .venv/.installed ## Measure histopathology anew; only a part of it with ARGS="--section heads"
	$(RUN) histo-worker reproduce --data $(DATA)/breakhis --weights $(WEIGHTS) --cache var/histo-features $(ARGS)

reproduce-mammo: .venv/.installed ## Measure mammography anew: the shipped model, the report's tables and its baseline
	@echo "First 238 films of CBIS-DDSM and 160 of mini-MIAS, about half a second each on one core; then the tables:"
	@$(RUN) mammo-worker reproduce --cost --data $(DATA) --output docs/results/mammography-tables.md
	$(RUN) mammo-worker evaluate --data $(DATA) --out docs/results
	$(RUN) mammo-worker reproduce --data $(DATA) --output docs/results/mammography-tables.md

secrets: ## Draw the secrets of docker-compose.yml and a certificate for LOBULE_PUBLIC_URL, where they are missing
	@k8s/draw-secrets $${LOBULE_SECRETS:-secrets}

.PHONY: policies test-faults test-protocol sbom vulnerabilities wheelhouse image-archive node-modules reproduce-histo reproduce-mammo help install demo up test check web duplicates format words bench bench-compare secrets
