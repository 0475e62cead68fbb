# Everything is set up by the rule that needs it; what the machine lacks goes into .venv/ of this folder.

CARGO ?= cargo
PYTHON ?= $(firstword $(shell command -v python3.11 python3))
VENV := .venv
TOOLS := $(VENV)/tools
INTEROP := $(VENV)/interop
DELAWARE := $(VENV)/delaware
RERUNOFF := target/release/rerunoff
DEMO_CATCHMENTS := 200

# HDF5 is built from source and needs cmake 3.26; Debian 12 has 3.25.
SYSTEM_CMAKE := $(shell cmake --version 2>/dev/null | awk 'NR == 1 { split($$3, v, "."); if (v[1] > 3 || (v[1] == 3 && v[2] >= 26)) print "cmake" }')
ifeq ($(SYSTEM_CMAKE),)
export CMAKE := $(CURDIR)/$(TOOLS)/bin/cmake
CMAKE_READY := $(TOOLS)/.installed
endif

.DEFAULT_GOAL := help
.PHONY: help build demo demo-delaware test lint bench install clean

help: ## tell what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: $(CMAKE_READY) ## build rerunoff and the example simulator
	$(CARGO) build --release --locked

demo: build input.h5 ## run the example project of this folder; a second time, all is fresh
	$(RERUNOFF) run

# The example's input: synthetic forcing, the same for the same number of catchments.
input.h5: | build
	rm -rf target/demo
	$(RERUNOFF) init --example --catchments $(DEMO_CATCHMENTS) target/demo
	cp target/demo/catchments.csv .
	mv target/demo/input.h5 .

demo-delaware: build $(DELAWARE)/.installed ## 765 real sub-catchments through a real model, Raven
	$(DELAWARE)/bin/python -B tests/delaware/prepare.py
	$(DELAWARE)/bin/python -B tests/delaware/cbh.py $(RERUNOFF)
	$(DELAWARE)/bin/python -B tests/delaware/demo.py $(RERUNOFF)

test: build $(INTEROP)/.installed demo-delaware ## run all tests, with the real readers and the real model
	$(CARGO) test --release --locked

lint: $(CMAKE_READY) ## check the format, and clippy's advice
	$(CARGO) fmt --check
	$(CARGO) clippy --release --locked --all-targets -- -D warnings

bench: build $(INTEROP)/.installed ## measure beside other tools: make bench N=2000
	$(INTEROP)/bin/python -B benches/bench.py $(if $(N),--catchments $(N))

install: build ## install the command into cargo's bin folder
	$(CARGO) install --locked --path . --bin rerunoff

clean: ## remove what was built, made and run here
	rm -rf target $(VENV) cache output.h5 input.h5 catchments.csv
	rm -rf tests/delaware/data tests/delaware/cache tests/delaware/output.h5

$(TOOLS)/.installed:
	$(call venv,$(TOOLS))
	$(TOOLS)/bin/pip install --quiet --disable-pip-version-check 'cmake>=3.26'
	touch $@

$(INTEROP)/.installed: tests/interop/requirements.txt
	$(call venv,$(INTEROP))
	$(INTEROP)/bin/pip install --quiet --disable-pip-version-check --only-binary :all: -r $<
	touch $@

$(DELAWARE)/.installed: tests/delaware/requirements.txt
	$(call venv,$(DELAWARE))
	$(DELAWARE)/bin/pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: -r $<
	touch $@

define venv
@$(PYTHON) -m venv --clear $(1) || { \
  echo 'A Python 3.11 that can make virtual environments is needed: install the Debian packages python3 and python3-venv'; \
  exit 1; }
endef
