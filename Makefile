# Lobule. `make help` lists the commands; each installs what it needs.
SHELL := /bin/bash
PYTHON ?= python3
TOOLS := .venv-tools
UV := $(shell command -v uv 2>/dev/null || echo $(TOOLS)/bin/uv)
RUN := $(UV) run --no-sync
# Debian's Python is built with profile-guided optimisation; those that pyenv builds are not, and take longer.
ifneq ($(wildcard /usr/lib/python3.11/sqlite3/__init__.py),)
INTERPRETER := --python /usr/bin/python3.11
endif

# Keep compiled modules: seven processes start from them, and compiling TensorFlow's takes long.
unexport PYTHONDONTWRITEBYTECODE

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

$(TOOLS)/bin/uv:
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/pip install --quiet --disable-pip-version-check uv

.venv/.installed: uv.lock pyproject.toml shared/pyproject.toml shared/ml/pyproject.toml $(wildcard services/*/pyproject.toml) | $(filter $(TOOLS)/bin/uv,$(UV))
	$(UV) sync --frozen --no-dev --all-packages --no-progress $(INTERPRETER)
	@touch $@

.venv/.installed-dev: .venv/.installed
	$(UV) sync --frozen --all-packages --no-progress $(INTERPRETER)
	@touch $@

install: .venv/.installed ## Install Lobule without the tools of developers

demo: .venv/.installed ## Start Lobule and diagnose sample images: make demo [IMAGES="a.png b.dcm"] [ARGS=--exit]
	$(RUN) lobule demo $(ARGS) $(IMAGES)

up: .venv/.installed ## Start Lobule on this machine until Ctrl-C
	$(RUN) lobule up $(ARGS)

# Four processes from two cores on, because tests also wait for browsers and services; no more, because each holds
# TensorFlow and takes 20 s of CPU time to start. Runs of selected tests use one process, because each process imports
# everything and starts servers of its own.
PROCESSES ?= $(if $(ARGS),0,$(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores < 2 ? cores + 2 : 4))))
# With COVERAGE=1, as in CI, a run of all tests measures coverage and compares it with the floors; it takes about a tenth
# longer. SlipCover's plugin measures the processes of pytest-xdist, too.
SOURCES := shared/src,shared/ml/src,services/gateway/src,services/histo-worker/src,services/mammo-worker/src,services/report/src,services/dicom/src
MEASURED := python -m slipcover --source $(SOURCES) --json --out var/coverage.json -m pytest
# One thread each, because several processes share the cores, and threads that wait for work use CPU time.
test: export OPENBLAS_NUM_THREADS := 1
test: export OMP_NUM_THREADS := 1
test: export TF_NUM_INTRAOP_THREADS := 1
test: .venv/.installed-dev ## Run all tests, or some: make test [ARGS="services/report -k pdf"] [PROCESSES=4] [COVERAGE=1]
	@mkdir -p var
	$(RUN) $(if $(COVERAGE),$(MEASURED),pytest) --numprocesses $(PROCESSES) $(ARGS)
	$(if $(COVERAGE),$(RUN) python .ci/coverage_floors.py var/coverage.json)

test-faults: .venv/.installed-dev ## Kill, stop and disconnect each part of a running system, and count lost jobs [ARGS=--short]
	$(RUN) python bench/faults.py $(or $(ARGS),--soak 300)

test-protocol: .venv/.installed-dev ## Search longer for an order of events that loses a job or causes a server error [RUNS=2000]
	LOBULE_HANDS_ACTIONS=$(or $(RUNS),2000) $(RUN) pytest services/gateway/tests/test_two_gateways.py
	LOBULE_PROTOCOL_RUNS=$(or $(RUNS),2000) $(RUN) pytest services/gateway/tests/test_protocol.py

check: .venv/.installed-dev web ## Check style, format, types, import contracts, licences and the portal's scripts
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) pyright
	$(RUN) lint-imports
	$(RUN) python .ci/licences.py $(UV)

duplicates: .venv/.installed-dev node_modules/.installed ## Check that repeated code stays within its budget
	$(RUN) python .ci/duplicates.py

sbom: .venv/.installed ## Write the bill of materials (CycloneDX) of the shipped packages to var/sbom.cdx.json
	@mkdir -p var
	$(UV) export --quiet --frozen --no-dev --all-packages --format cyclonedx1.5 --output-file var/sbom.cdx.json > /dev/null

vulnerabilities: .venv/.installed ## Check every shipped package against PyPI's advisories
	@mkdir -p var
	$(UV) export --quiet --frozen --no-dev --all-packages --no-emit-workspace --output-file var/shipped.txt > /dev/null
	$(UV) tool run pip-audit --disable-pip --requirement var/shipped.txt

node-modules: node_modules/.installed ## Install the tools that check the portal's scripts and pages

node_modules/.installed: package-lock.json package.json .venv/.installed-dev
	$(RUN) npm ci --no-audit --no-fund --silent
	@touch $@

# The types are generated each time and not committed, so that they always match the API.
web: .venv/.installed-dev node_modules/.installed ## Check style and types of the portal's scripts and run their unit tests
	@mkdir -p var/types
	$(RUN) python .ci/openapi.py > var/types/openapi.json
	$(RUN) npm run --silent api-lint
	$(RUN) npm run --silent api-types
	$(RUN) npm run --silent lint
	$(RUN) npm run --silent types
	$(RUN) npm run --silent test

format: .venv/.installed-dev ## Format the code
	$(RUN) ruff check --fix
	$(RUN) ruff format

words: .venv/.installed-dev ## Sort the catalogues of sentences, and mark translations whose English has changed
	$(RUN) python -m lobule.words

pictures: .venv/.installed-dev ## Renew the pictures in README.md from synthetic films [ARGS="--only reading"]
	$(RUN) python docs/images/renew.py $(ARGS)

wheelhouse: .venv/.installed ## Download every package to var/wheelhouse, for machines without internet access
	$(RUN) python deploy/wheelhouse.py $(UV) var/wheelhouse

COMPOSE ?= docker compose
ENGINE ?= docker
image-archive: ## Save all container images into var/lobule-images.tar, for servers without internet access
	@mkdir -p var
	$(COMPOSE) --profile dicom build
	images=$$({ $(COMPOSE) config; $(COMPOSE) --profile dicom config; } | sed -n 's/^ *image: *//p' | sort -u); \
	for image in $$images; do $(ENGINE) image inspect $$image > /dev/null 2>&1 || $(ENGINE) pull $$image || exit 1; done; \
	$(ENGINE) save $(if $(findstring podman,$(ENGINE)),--multi-image-archive) --output var/lobule-images.tar $$images

compare-builds: ## Build images twice without caches and compare their files [TARGETS="cli gateway"]
	$(PYTHON) deploy/compare_builds.py $(ENGINE) $(or $(TARGETS),cli)

KUBECTL ?= $(or $(LOBULE_KUBECTL),kubectl)
policies: $(filter $(TOOLS)/bin/uv,$(UV)) ## Check the manifests in k8s/ against Checkov's policies
	@rm -rf var/policies && mkdir -p var/policies
	for overlay in cpu gpu hospital; do $(KUBECTL) kustomize k8s/overlays/$$overlay > var/policies/$$overlay.yaml || exit 1; done
	$(UV) tool run --python 3.11 checkov@3.3.30 --config-file .ci/checkov.yaml

bench: .venv/.installed-dev ## Measure the time from upload to report, and for a film [MATTERPORT=PYTHON also measures Matterport's Mask R-CNN]
	$(RUN) python bench/end_to_end.py $(ARGS)
	$(RUN) python bench/mammo_speed.py $(if $(MATTERPORT),--thesis 1024 --thesis 2048 --matterport $(MATTERPORT))

bench-compare: .venv/.installed-dev ## Compare the speed of this checkout with another: make bench-compare BASE=FOLDER [ARGS="--images 40"]
	$(RUN) python bench/compare.py $(BASE) $(ARGS)

DATA ?= ../shared/data
WEIGHTS ?= ../shared/weights

reproduce-histo: .venv/.installed ## Measure the histopathology models again, or one section [ARGS="--section heads"]
	$(RUN) histo-worker reproduce --data $(DATA)/breakhis --more $(DATA)/breakhis_more --weights $(WEIGHTS) --dyes CMU-1=$(DATA)/wsi/CMU-1-Small-Region.svs --dyes IDC=$(DATA)/idc --cache var/histo-features $(ARGS)

reproduce-mammo: .venv/.installed ## Measure the mammography models again: the shipped one, and the tables of the thesis
	@echo "First 238 films of CBIS-DDSM and 160 of mini-MIAS, about half a second each on one core; then the tables:"
	@$(RUN) mammo-worker reproduce --cost --data $(DATA) --output docs/results/mammography-tables.md
	$(RUN) mammo-worker evaluate --data $(DATA) --out docs/results
	$(RUN) mammo-worker reproduce --data $(DATA) --output docs/results/mammography-tables.md

secrets: ## Make the missing secrets of docker-compose.yml and a certificate for LOBULE_PUBLIC_URL
	@k8s/draw-secrets

.PHONY: pictures policies test-faults test-protocol sbom vulnerabilities wheelhouse image-archive compare-builds node-modules reproduce-histo reproduce-mammo help install demo up test check web duplicates format words bench bench-compare secrets
