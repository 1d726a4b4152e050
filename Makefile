# SPDX-License-Identifier: Apache-2.0
#
# The commands people type; the work is done by scripts/ and the presets of CMakePresets.json.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# As many compilers at once as there are cores, and no more than memory holds: a file that sees torch takes 2 GB.
CMAKE_BUILD_PARALLEL_LEVEL ?= $(shell awk -v cores=$$(nproc) '/^MemAvailable/ { jobs = int($$2 / 2e6) } \
	END { print jobs < 1 ? 1 : jobs < cores ? jobs : cores }' /proc/meminfo)
export CMAKE_BUILD_PARALLEL_LEVEL

# The main job; for instance: make train TRAIN_FLAGS="--engine processes"
TRAIN_FLAGS ?= --data data/digits --workers 30 --hidden 100 --engine threads

.PHONY: help setup build train python test test-interop chaos lint asan bench docs format clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is missing: system packages, and a LibTorch under .deps/
	@scripts/setup test

build: ## the program: build/release/bin/dga
	@scripts/setup build
	@scripts/configure release
	@cmake --build --preset release --target dga_program

train: build ## the main job: 30 workers train 100 hidden neurons on the digits
	@build/release/bin/dga train $(TRAIN_FLAGS)

python: ## the Python package, installed in .deps/python
	@scripts/setup python
	@scripts/python_package

test: setup ## build and run every test and check
	@scripts/test

test-interop: setup python ## the Python package beside the full PyTorch (installs 5 GB into .deps/interop)
	@scripts/interop

chaos: build ## half an hour of faults, one a minute, beside a run without any; CHAOS_FLAGS="--minutes 5" for less
	@tests/cli/chaos.py $(CHAOS_FLAGS)

lint: setup ## every check, clang-tidy on the files that see torch too (about a minute each)
	@scripts/check_layers
	@scripts/check_format
	@scripts/tidy all

asan: setup ## the whole tree under AddressSanitizer and UBSan
	@scripts/configure asan
	@cmake --build --preset asan
	@ctest --preset asan -j $(CMAKE_BUILD_PARALLEL_LEVEL)

bench: build setup ## the measurements of benchmarks/; each prints its figures and keeps them in benchmarks/results
	@cmake --build --preset release --target benchmarks
	@set -e; for script in $$(find benchmarks -maxdepth 1 -type f -perm -u+x | sort); do echo "== $$script"; $$script; done

docs: setup ## the reference pages of the headers: build/docs/html/index.html
	@mkdir -p build
	@doxygen docs/Doxyfile

format: setup ## write every C++ file as clang-format would
	@scripts/check_format --fix

clean: ## remove what was built; .deps/ stays
	rm -rf build
