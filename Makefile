# Everything is set up by the rule that needs it; what the machine lacks goes into .venv/ of this folder.

CARGO ?= cargo
PYTHON ?= $(or $(firstword $(shell command -v python3.11 python3)),python3)
VENV := .venv
TOOLS := $(VENV)/tools
INTEROP := $(VENV)/interop
MODELS := $(VENV)/models
RECIPES := $(VENV)/recipes
DELAWARE := $(VENV)/delaware
BENCH := $(VENV)/bench
BROWSER := $(VENV)/browser
PACKAGING := $(VENV)/packaging
PACKAGE := $(VENV)/python
RERUNOFF := target/release/rerunoff
DEMO_CATCHMENTS := 200
PREFIX ?= /usr/local
WHEEL_MACHINE := $(or $(firstword $(subst -, ,$(TARGET))),$(shell uname -m))
SHARE = $(DESTDIR)$(PREFIX)/share

# HDF5 is built from source and needs cmake 3.26; Debian 12 has 3.25.
SYSTEM_CMAKE := $(shell cmake --version 2>/dev/null | awk 'NR == 1 { split($$3, v, "."); if (v[1] > 3 || (v[1] == 3 && v[2] >= 26)) print "cmake" }')
ifeq ($(SYSTEM_CMAKE),)
export CMAKE := $(CURDIR)/$(TOOLS)/bin/cmake
CMAKE_READY := $(TOOLS)/.installed
endif

RUST := $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

.DEFAULT_GOAL := help
.PHONY: help ready build demo demo-delaware demo-calibration test test-models test-recipes test-slurm test-gridengine test-report test-tools test-python test-wheel torture random fuzz lint doc schemas wheel deb tarball bench bench-growth bench-iteration bench-report install clean

help: ## tell what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# What a build would stop for without, minutes later and at length.
ready:
	@version=$$($(CARGO) --version 2>/dev/null | cut -d ' ' -f 2); \
	printf '%s\n' $(RUST) "$$version" | sort -C -V || { \
	  echo "Rust $(RUST) or newer is needed, and here is $${version:-none}: install it as https://rustup.rs tells"; exit 1; }
	@echo '#include <stdlib.h>' | $(CC) -x c -c -o /dev/null - 2>/dev/null || { \
	  echo 'A C compiler with its headers is needed, and `$(CC)` is none: install the Debian packages gcc and libc6-dev'; exit 1; }

build: ready $(CMAKE_READY) ## build rerunoff and the example simulator
	$(CARGO) build --release --locked

demo: build input.h5 ## run the example project of this folder, and write report.html to look at; a second time, all is fresh
	$(RERUNOFF) run
	$(RERUNOFF) report

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

demo-calibration: build $(DELAWARE)/.installed ## fit Raven to a gauge, and count evaluations a minute beside xargs
	$(DELAWARE)/bin/python -B tests/delaware/prepare.py
	$(DELAWARE)/bin/python -B tests/delaware/calibrate.py $(RERUNOFF)
	$(DELAWARE)/bin/python -B tests/delaware/pace.py $(RERUNOFF)

# Tests within the library cost more to optimise than to run; those of the commands drive what was built.
test: build $(INTEROP)/.installed demo-delaware ## run all tests, with the real readers and the real model
	$(CARGO) test --release --locked --lib --config profile.release.package.rerunoff.opt-level=0
	$(CARGO) test --release --locked --bins --examples --test '*'

# Installs programs that others wrote, 300 MB; where that does not work it says "skipped".
test-models: build ## run on SWAT+, SWMM, EPANET, Raven and mHM, installed here
	@if $(MAKE) --no-print-directory $(MODELS)/.installed; then \
	  $(CARGO) test --release --locked --test integration -- --ignored models::; \
	else echo 'skipped: the programs of tests/models cannot be installed here'; fi

# Installs calibrators and samplers that others wrote, 730 MB; PEST++ and OSTRICH, which no registry has, run where their programs are found.
test-recipes: build $(DELAWARE)/.installed ## run the files of docs/calibration.md: SPOTPY, SALib, Optuna, SciPy, pyemu, Dakota
	@if $(MAKE) --no-print-directory $(RECIPES)/.installed; then \
	  $(DELAWARE)/bin/python -B tests/delaware/prepare.py && \
	  $(CARGO) test --release --locked --test integration -- --ignored recipes::; \
	else echo 'skipped: the tools of docs/calibration.md cannot be installed here'; fi

# Each installs by name what is missing, where root may; where no cluster can be started it says "skipped", and why. Each test has a cluster
# to itself; of Slurm's, which wait most of the time, two are at work together.
test-slurm: build ## run on a real Slurm cluster of several nodes, started here
	@if tests/cluster/ready.sh slurm; then \
	  $(CARGO) test --release --locked --test integration -- --ignored --test-threads 2 slurm:: cluster_shared::; fi

test-gridengine: build ## run on a real Grid Engine, started here
	@if tests/cluster/ready.sh gridengine; then \
	  $(CARGO) test --release --locked --test integration -- --ignored --test-threads 1 grid_engine::; fi

# Installs by name what is missing, where root may; `make test` tries those that are there.
test-tools: build $(INTEROP)/.installed ## open products in CDO, NCO, GDAL, R, Octave and others
	@tests/tools/ready.sh
	$(CARGO) test --release --locked --test integration -- --nocapture tools::

# Installs Chromium by name where it is missing, where root may.
test-report: build ## look at pages of `rerunoff report` in headless Chromium; pictures of them are left in target/report-pictures
	@if tests/browser/ready.sh; then \
	  $(MAKE) --no-print-directory $(BROWSER)/.installed && \
	  $(BROWSER)/bin/python -B tests/browser/check_report.py $(RERUNOFF); fi

# The package as it is in src/python, without installing it.
test-python: build $(PACKAGE)/.installed $(DELAWARE)/.installed ## try the package for Python, its types, docs/python.md and the notebook
	$(DELAWARE)/bin/python -B tests/delaware/prepare.py
	PYTHONPATH=$(CURDIR)/src/python RERUNOFF_BINARY=$(CURDIR)/$(RERUNOFF) $(PACKAGE)/bin/python -B -m pytest -q -p no:cacheprovider tests/python

# The same tests on what the wheel installs, after the example in an environment that has nothing else.
test-wheel: wheel $(PACKAGE)/.installed $(DELAWARE)/.installed ## install the wheel where nothing is, run the example there, and the tests of the package for Python on it
	$(DELAWARE)/bin/python -B tests/delaware/prepare.py
	$(PACKAGING)/bin/auditwheel show target/wheels/*_$(WHEEL_MACHINE).whl
	tests/wheel/check.sh $(CURDIR)/$(PACKAGE)/bin/python target/wheels/*_$(WHEEL_MACHINE).whl

torture: build ## kill it 500 times at random moments, and some of eight callers 100 times: make torture KILLS=2000 ROUNDS=400 SEED=7
	RERUNOFF_KILLS=$(or $(KILLS),500) $(if $(SEED),RERUNOFF_SEED=$(SEED)) $(CARGO) test --release --locked \
	  --test integration crash::killed_at_random_moments -- --nocapture
	RERUNOFF_ROUNDS=$(or $(ROUNDS),100) $(if $(SEED),RERUNOFF_SEED=$(SEED)) $(CARGO) test --release --locked \
	  --test integration killed_callers:: -- --nocapture

random: build $(INTEROP)/.installed ## compare what is read with other decoders, at random: make random ROUNDS=2000 SEED=7
	RERUNOFF_ROUNDS=$(or $(ROUNDS),300) $(if $(SEED),RERUNOFF_SEED=$(SEED)) $(CARGO) test --release --locked \
	  --test integration ::random_ -- --nocapture

FUZZ_TARGETS := template output project segment

# Without a sanitizer, which would find little in safe Rust and have HDF5 built with it.
fuzz: ready $(CMAKE_READY) target/cargo-fuzz/bin/cargo-fuzz ## look for inputs that break a parser: make fuzz SECONDS=600
	for target in $(FUZZ_TARGETS); do \
	  mkdir -p fuzz/corpus/$$target; \
	  PATH="$(CURDIR)/target/cargo-fuzz/bin:$$PATH" $(CARGO) +nightly fuzz run --sanitizer none --target-dir target/fuzz \
	    $$target fuzz/corpus/$$target fuzz/seeds/$$target -- -max_total_time=$(or $(SECONDS),60) -max_len=65536 -rss_limit_mb=1024 -timeout=10 || exit 1; \
	done

target/cargo-fuzz/bin/cargo-fuzz:
	@$(CARGO) +nightly --version || { echo 'A nightly Rust is needed: rustup toolchain install nightly'; exit 1; }
	$(CARGO) install --quiet --locked --root target/cargo-fuzz cargo-fuzz

lint: ready $(CMAKE_READY) ## check the format, and clippy's advice
	$(CARGO) fmt --check
	$(CARGO) clippy --release --locked --all-targets -- -D warnings

# Linked by zig for glibc 2.28, of 2018; the wheel is refused if it needs a newer one. TARGET is another kind of processor, for which all
# is built by zig: make wheel TARGET=aarch64-unknown-linux-gnu, where Rust has a standard library for it.
wheel: $(if $(TARGET),ready $(CMAKE_READY),build) $(PACKAGING)/.installed ## a Python package with both commands in it, for pip and uv: target/wheels/
	rm -f target/wheels/*_$(WHEEL_MACHINE).whl
	PATH="$(CURDIR)/$(PACKAGING)/bin:$$PATH" maturin build --release --compatibility manylinux_2_28 --out target/wheels \
	  $(if $(TARGET),--zig --target $(TARGET),-- -C linker=$(CURDIR)/docs/packaging/cc.sh -C linker-flavor=gcc)

# Both hold what `make install` does, with the commands of the wheel, so that they run where the wheel runs.
deb: target/tree ## a Debian package: target/rerunoff_*.deb
	docs/packaging/deb.sh target/tree target

tarball: target/tree ## commands, man pages and completions, to be unpacked anywhere: target/rerunoff-*.tar.gz
	docs/packaging/tarball.sh target/tree target

.PHONY: target/tree
target/tree: wheel
	rm -rf $@
	$(MAKE) --no-print-directory install DESTDIR=$(CURDIR)/$@ PREFIX=/usr
	rm -rf target/unpacked
	$(PACKAGING)/bin/python -m zipfile -e target/wheels/*_$(WHEEL_MACHINE).whl target/unpacked
	install -t $@/usr/bin target/unpacked/*.data/scripts/*

schemas: build ## docs/schemas anew, when what `--json` prints was changed
	$(RERUNOFF) generate schemas docs/schemas

doc: ready $(CMAKE_READY) ## the source as pages: target/doc/rerunoff/index.html
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --release --locked --no-deps --document-private-items --lib

bench: build $(INTEROP)/.installed $(BENCH)/.installed ## measure beside other tools: make bench N=2000
	$(INTEROP)/bin/python -B benches/bench.py $(if $(N),--catchments $(N))

bench-iteration: build ## measure the own time of one parameter changed
	python3 -B benches/iteration.py

bench-growth: build $(INTEROP)/.installed $(BENCH)/.installed ## measure at 500 to 18,000 catchments: make bench-growth STEPS=8760
	$(INTEROP)/bin/python -B benches/growth.py $(if $(STEPS),--steps $(STEPS))

bench-report: build ## measure pages of reports: make bench-report N=18000
	python3 -B benches/pages.py $(if $(N),--most $(N))

# Bash, zsh and fish find their completions in these folders if PREFIX is /usr/local or ~/.local (zsh: if fpath has it).
install: build ## install commands, man pages and completions: make install PREFIX=~/.local
	install -d $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d
	install -D -t $(DESTDIR)$(PREFIX)/bin $(RERUNOFF) target/release/herbicide
	$(RERUNOFF) generate man $(SHARE)/man/man1
	$(RERUNOFF) generate completions target/completions
	install -m 644 target/completions/rerunoff.bash $(SHARE)/bash-completion/completions/rerunoff
	install -m 644 target/completions/_rerunoff $(SHARE)/zsh/site-functions/_rerunoff
	install -m 644 target/completions/rerunoff.fish $(SHARE)/fish/vendor_completions.d/rerunoff.fish

clean: ## remove what was built, made and run here
	rm -rf target $(VENV) cache output.nc input.h5 catchments.csv report.html
	rm -rf tests/delaware/data tests/delaware/cache tests/delaware/output.nc tests/delaware/report.html

$(TOOLS)/.installed:
	$(call venv,$(TOOLS),cmake 3.26 or newer for HDF5)
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

# SWAT+ is in the source package of pyswatplus, which is unpacked and not installed.
$(MODELS)/.installed: tests/models/requirements.txt
	$(call venv,$(MODELS))
	$(MODELS)/bin/pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: -r $<
	$(MODELS)/bin/pip download --quiet --disable-pip-version-check --no-deps --no-binary pyswatplus --dest $(MODELS)/swatplus pyswatplus==1.3.0
	tar -xzf $(MODELS)/swatplus/pyswatplus-1.3.0.tar.gz -C $(MODELS)/swatplus
	touch $@

$(RECIPES)/.installed: tests/recipes/requirements.txt
	$(call venv,$(RECIPES))
	$(RECIPES)/bin/pip install --quiet --disable-pip-version-check --only-binary :all: -r $<
	touch $@

$(BENCH)/.installed: benches/requirements.txt
	$(call venv,$(BENCH))
	$(BENCH)/bin/pip install --quiet --disable-pip-version-check --only-binary :all: -r $<
	touch $@

$(BROWSER)/.installed: tests/browser/requirements.txt
	$(call venv,$(BROWSER))
	$(BROWSER)/bin/pip install --quiet --disable-pip-version-check --only-binary :all: -r $<
	touch $@

$(PACKAGING)/.installed: docs/packaging/requirements.txt
	$(call venv,$(PACKAGING))
	$(PACKAGING)/bin/pip install --quiet --disable-pip-version-check --only-binary :all: -r $<
	touch $@

$(PACKAGE)/.installed: tests/python/requirements.txt
	$(call venv,$(PACKAGE))
	$(PACKAGE)/bin/pip install --quiet --disable-pip-version-check --only-binary :all: -r $<
	touch $@

# $(1): the folder; $(2): what would do instead
define venv
@$(PYTHON) -m venv --clear $(1) || { \
  echo 'Needed is $(if $(2),$(2) or )a Python 3.11 that can make virtual environments: install the Debian packages python3 and python3-venv'; \
  exit 1; }
endef
