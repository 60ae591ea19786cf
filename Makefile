# Short names for what CMake does. `make demo` and `make test` do everything on a fresh machine.
PREFIX ?= /usr/local
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
CMAKE_ARGS ?=
CTEST_ARGS ?=

# Idle OpenMP threads sleep instead of spinning: on a busy machine spinning costs far more than waking up. libgomp reads this when it is loaded.
export OMP_WAIT_POLICY ?= passive

SOURCES = $(shell git ls-files '*.c' '*.h')
CTEST = ctest --output-on-failure -j $(JOBS) $(CTEST_ARGS)
HAVE_FUZZ = command -v clang >/dev/null 2>&1 && [ -f tests/fuzz/CMakeLists.txt ]

.PHONY: all help packages release demo test fuzz asan tsan coverage tidy format format-check bench parity-full results-crkd results-crkd-street-v1 results-pruning soak install clean
.DEFAULT_GOAL := all

all: release

help:
	@echo 'make               build into build/release'
	@echo 'make demo          install what is missing, build, and run the demonstration'
	@echo 'make test          install what is missing, build, and run every test'
	@echo 'make install       install into PREFIX ($(PREFIX)); DESTDIR is honoured'
	@echo 'make asan | tsan   tests under AddressSanitizer + UBSan, under ThreadSanitizer'
	@echo 'make coverage      tests with line coverage, as HTML in build/coverage/html'
	@echo 'make fuzz          every fuzz target for a fixed number of runs from its seed corpus'
	@echo 'make tidy          clang-tidy on all sources'
	@echo 'make format        clang-format all sources in place; make format-check only looks'
	@echo 'make bench         build and run the benchmarks'
	@echo 'make soak          MINUTES=60: a stream at 10 Hz with faults of every kind and bytes of no kind; memory must not grow'
	@echo 'make parity-full   the whole BeamTransFuser against PyTorch, forward and backward; needs python3 with torch, 20 GB and an hour'
	@echo 'make results-crkd  teacher, students and yardsticks of cross-modal distillation, as out/crkd/table.md; hours'
	@echo 'make results-crkd-street-v1  the same on street-v1, and streets never seen: the tables of docs/results/crkd.md; hours'
	@echo 'make results-pruning CONFIG=configs/demo_four.yaml OUT=out/pruning: DBA and latency against the share of parameters that is left; hours'
	@echo 'make clean         remove build/'

packages:
	@tools/install-packages build

release:
	@cmake --preset release $(CMAKE_ARGS)
	@cmake --build build/release -j $(JOBS)

demo: packages release
	@BEAMCUE=build/release/beamcue tools/demo/run.sh

# The fuzz targets need clang, so they have a build folder of their own; the tests in build/release run them.
test:
	@tools/install-packages build test
	@if $(HAVE_FUZZ); then $(MAKE) --no-print-directory build-fuzz; fi
	@$(MAKE) --no-print-directory release \
	    CMAKE_ARGS="-DBCUE_FUZZ_BUILD=$$($(HAVE_FUZZ) && echo '$(CURDIR)/build/fuzz')"
	@$(CTEST) --test-dir build/release

.PHONY: build-fuzz
build-fuzz:
	@cmake --preset fuzz
	@cmake --build build/fuzz -j $(JOBS) --target fuzz

fuzz: build-fuzz
	@$(CTEST) --test-dir build/fuzz

asan tsan:
	@cmake --preset $@
	@cmake --build build/$@ -j $(JOBS)
	@ctest --preset $@ -j $(JOBS) $(CTEST_ARGS)

coverage:
	@tools/install-packages build test develop
	@cmake --preset coverage
	@cmake --build build/coverage -j $(JOBS)
	@find build/coverage -name '*.gcda' -delete
	@$(CTEST) --test-dir build/coverage
	@lcov -q --capture --directory build/coverage --base-directory . --no-external --output-file build/coverage/all.info
	@lcov -q --extract build/coverage/all.info '$(CURDIR)/src/*' '$(CURDIR)/tools/*' --output-file build/coverage/own.info
	@genhtml -q --output-directory build/coverage/html build/coverage/own.info
	@lcov --summary build/coverage/own.info

# With clang's own compile commands: gcc's include flags for OpenMP would not be found.
tidy:
	@tools/install-packages build test develop
	@CC=clang cmake -S . -B build/tidy -G Ninja -DCMAKE_BUILD_TYPE=Debug >/dev/null
	@git ls-files '*.c' | grep -vE '^tests/fuzz/|^examples/' | \
	    xargs -n 4 -P $(JOBS) clang-tidy -p build/tidy --quiet --warnings-as-errors='*'

format:
	@clang-format -i $(SOURCES)

format-check:
	@clang-format --dry-run -Werror $(SOURCES)

# Those that need arguments (exit status 2) say which.
bench: release
	@find build/release/bench -name 'bench_*' -type f -perm -u+x | sort | while IFS= read -r program; do \
	    echo "== $$program"; "$$program" </dev/null || [ $$? = 2 ] || exit 1; \
	done

MINUTES ?= 60
soak: release
	@build/release/tests/predict/test_soak_stream $(MINUTES) 10

parity-full: release
	@tools/peer/run_beamtransfuser_parity.sh build/release

# The experiments of cross-modal distillation on data/paper_b (beamcue simulate configs/paper_b.yaml); tools/results/crkd.sh says
# what the environment can change. Hours.
results-crkd: release
	@BEAMCUE=build/release/beamcue tools/results/crkd.sh

# docs/results/crkd.md, from data/street_v1, data/street_v1_generated and data/street_many; each script says what the environment can change, and the
# first goes on where it was stopped. A night on two cores.
results-crkd-street-v1: release
	@BEAMCUE=build/release/beamcue tools/results/crkd_street_v1.sh
	@BEAMCUE=build/release/beamcue tools/results/many_streets.sh
	@BEAMCUE=build/release/beamcue tools/results/differing_streets.sh

# Paper A, Fig. 6, of the BeamTransFuser that CONFIG trains; tools/results/pruning.sh says what the environment can change, and counts the
# epochs. STEPS="base scores": only these.
results-pruning: CONFIG ?= configs/demo_four.yaml
results-pruning: OUT ?= out/pruning
results-pruning: release
	@tools/results/pruning.sh build/release/beamcue '$(CONFIG)' '$(OUT)' $(STEPS)

install: release
	@cmake --install build/release --prefix '$(PREFIX)'

clean:
	rm -rf build
