# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors
#
# Everything that is made lands in build/.  Variables for the command line:
#
#     BUILD=release|debug|sanitize   flavour of build, unit and test
#     T="t/a.t t/b.t"                tests that `make test` runs
#     TEST_JOBS=N                    tests at a time
#     FUZZ_TIME=60                   seconds for each fuzzer
#     DEMO_PORT=8080                 where `make demo` listens
#     PART="gate api"                what `make bench` measures
#     DEPS=no                        do not look for missing packages

SHELL       = /bin/bash
.SHELLFLAGS = -euo pipefail -c

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS     += --no-print-directory

BUILD     ?= release
T         ?= $(sort $(wildcard t/*.t))
JOBS      ?= $(shell nproc 2>/dev/null || echo 2)
TEST_JOBS ?= $(shell expr $(JOBS) + 1)
FUZZ_TIME ?= 60
DEMO_PORT ?= 8080
DEPS      ?= yes
PART      ?= gate api

ROOT := $(CURDIR)
OUT  := build/$(BUILD)

include tools/build.mk
include tools/check.mk

.PHONY: help demo test requirements build check unit sanitize fuzz bench \
        package clean deps run-tests

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) \
	    | expand -t 18

demo: deps-test ## the gate and five sample accounts, locally
	@$(MAKE) DEPS=no build
	@$(TEST_ENV) DEMO_PORT=$(DEMO_PORT) exec tools/demo

test: deps-test ## install what is needed, build, run the whole suite
	@$(MAKE) -j$(JOBS) DEPS=no build unit-programs
	@$(MAKE) DEPS=no run-tests

run-tests:
	@$(TEST_ENV) prove -j$(TEST_JOBS) --timer $(T)

requirements: deps-test ## each requirement, its tests, do they pass
	@$(MAKE) DEPS=no build
	@$(TEST_ENV) TEST_JOBS=$(TEST_JOBS) tools/requirements

build: deps-build $(TEAM_MINT) module ## the module, and the tools beside it

unit: deps-build ## the core's own tests
	@$(MAKE) -j$(JOBS) DEPS=no unit-programs
	@$(TEST_ENV) prove t/core_unit.t

check: deps-check ## style, layers, drift, corpus replay, unit under ASan+UBSan
	@$(MAKE) -k DEPS=no check-style check-layers check-drift check-syntax \
	    check-corpus check-unit
	@echo "check: all passed"

sanitize: deps-sanitize ## the whole suite on an nginx with ASan and UBSan
	@$(MAKE) -j$(JOBS) DEPS=no BUILD=sanitize build unit-programs
	@$(MAKE) DEPS=no BUILD=sanitize run-tests

fuzz: deps-sanitize ## libFuzzer, FUZZ_TIME seconds for each target
	@$(MAKE) -j$(JOBS) DEPS=no BUILD=fuzz fuzz-programs
	@FUZZ_TIME=$(FUZZ_TIME) tools/fuzz build/fuzz/fuzz t/fuzz/corpus

bench: deps-bench ## measure, with peers beside us
	@$(MAKE) DEPS=no build
	@for part in $(PART); do $(TEST_ENV) bench/$$part; done

package: deps-package ## a Debian package in build/package
	@tools/build-package

clean: ## remove build/
	@rm -rf build

deps: deps-test ## only install what make test needs

# Named one by one: make may put off what only a pattern makes until after what
# needs it.

DEPS_OF = deps-build deps-test deps-check deps-sanitize deps-bench deps-package

.PHONY: $(DEPS_OF)

$(DEPS_OF): deps-%:
	@case $(DEPS) in yes) exec tools/install-deps $* ;; esac
