# appcore: the build, the tests, and the service on this machine. GNU make; `make help` lists the targets.

# What a caller may set: make run PORT=8080 WORKERS=4
PORT ?= 8000
ADDRESS ?= 127.0.0.1
WORKERS ?=
# A model of XGBoost, LightGBM or scikit-learn, or a compiled one; without it the service predicts the mean.
MODEL ?=
RUN_DIR ?= build/run
BUILD ?= release
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
DESTDIR ?=
CXX ?= g++
ifeq ($(origin CXX),default)
CXX := g++
endif

# Everything that is built goes below OUT, a folder per kind of build.
OUT_DIR ?= build/$(BUILD)
OUT := $(OUT_DIR)
VERSION := $(shell cat VERSION)

# The kinds of builds. _FORTIFY_SOURCE needs an optimiser and gets in the way of sanitizers, with which
# GCC 12 also reports uninitialised variables in the standard library, wrongly.
# The same commit gives the same release in every folder: no path of this machine is in it, and no date.
ifeq ($(BUILD),release)
KIND := -O2 -g -D_FORTIFY_SOURCE=2 '-ffile-prefix-map=$(CURDIR)=.' -Wdate-time
else ifeq ($(BUILD),debug)
KIND := -O0 -g3
else ifeq ($(BUILD),asan)
KIND := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all \
        -Wno-maybe-uninitialized
else ifeq ($(BUILD),tsan)
KIND := -O1 -g -fno-omit-frame-pointer -fsanitize=thread -Wno-maybe-uninitialized
else ifeq ($(BUILD),fuzz)
KIND := -O2 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
else ifeq ($(BUILD),coverage)
KIND := -O0 -g --coverage -fprofile-update=atomic
else
$(error BUILD=$(BUILD): it is release, debug, asan, tsan, fuzz or coverage)
endif

# Warnings are errors.
WARNINGS := -Wall -Wextra -Werror -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-align \
            -Wcast-qual -Wformat=2 -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual -Wundef \
            -Wdouble-promotion -Wimplicit-fallthrough

# What makes a mistake in memory harder to abuse; -fcf-protection exists on x86 only.
HARDENING = -fPIE -fstack-protector-strong -fstack-clash-protection \
            $(if $(filter x86_64 i%86,$(shell uname -m)),-fcf-protection)

comma := ,

# The packages' own flags. Debian's spdlog is compiled, with fmt outside.
CPPFLAGS += -Isrc -D_GNU_SOURCE -DAPPCORE_VERSION='"$(VERSION)"' -DSPDLOG_COMPILED_LIB \
            -DSPDLOG_SHARED_LIB -DSPDLOG_FMT_EXTERNAL
CXXFLAGS += -std=c++20 $(KIND) $(WARNINGS) $(HARDENING)
LDFLAGS += -pie -Wl,-z,relro,-z,now -Wl,--as-needed
LIBS := -lfcgi -lspdlog -lfmt -lprometheus-cpp-push -lprometheus-cpp-core -lseccomp -lz
# Catch2 3 is a library with a main of its own, Catch2 2 a header.
CATCH_LIBS = $(if $(wildcard /usr/include/catch2/catch_all.hpp),-lCatch2Main -lCatch2)

# The sources are what is there: src/appcore is a library, each other file in src/ a program.
LIBRARY := $(OUT)/libappcore.a
LIBRARY_OBJECTS := $(patsubst %.cpp,$(OUT)/%.o,$(sort $(shell find src/appcore -name '*.cpp')))
UNIT_OBJECTS := $(patsubst %.cpp,$(OUT)/%.o,$(sort $(shell find tests/unit -name '*.cpp' 2>/dev/null)))
PROGRAMS := $(OUT)/appcore-worker $(OUT)/appcore-metrics $(OUT)/appcore-model
PROGRAM_OBJECTS := $(OUT)/src/worker.o $(OUT)/src/metrics.o $(OUT)/src/model.o
UNIT_TESTS := $(OUT)/unit-tests
BENCH_OBJECTS := $(patsubst %.cpp,$(OUT)/%.o,$(sort $(shell find tests/bench -name '*.cpp' 2>/dev/null)))

.PHONY: all programs run run-package run-container run-compose up down restart scale reopen status test unit e2e coverage coverage-programs coverage-report memcheck fuzz fuzz-programs mutants sigterms rolling exact operations large-model parity parity-13 bench bench-models bench-docs bench-micro lint format tidy \
        cppcheck scripts workflows nginx-check docs-check image image-test image-smoke artefacts reproducible lock lock-check deb deb-test docs-ui verify install clean help FORCE
.DELETE_ON_ERROR:
.SECONDARY:

all: programs

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | sort | expand -t 12

# Building: objects depend on their headers (the .d files), and on the flags they were made with.
programs: $(PROGRAMS) ## build only

$(OUT)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(CXX) $(CPPFLAGS) $(CXXFLAGS))' | cmp -s - $@ || \
	 echo '$(subst ','\'',$(CXX) $(CPPFLAGS) $(CXXFLAGS))' >$@

# Private: what a target needs beyond that is not its prerequisites', the flags' among them.
$(OUT)/tests/unit/%.o: private CPPFLAGS += -Itests/unit

# Models predict the bits of the libraries that trained them: no product is fused with a sum.
$(OUT)/src/appcore/models/%.o $(OUT)/src/appcore/importers/%.o: CXXFLAGS += -ffp-contract=off

# appcore-model prints this script.
$(OUT)/src/appcore/model_commands/export_script.o: deploy/appcore_export.py

# The commit is known to one object, which is rebuilt when the commit changes.
COMMIT := $(or $(shell git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null),unknown)
COMMIT_TIME := $(or $(shell git log -1 --format=%ct 2>/dev/null),0)
$(OUT)/src/appcore/build.o: private CPPFLAGS += -DAPPCORE_COMMIT='"$(COMMIT)"'
$(OUT)/src/appcore/build.o: $(OUT)/commit
$(OUT)/commit: FORCE
	@mkdir -p $(@D)
	@echo '$(COMMIT)' | cmp -s - $@ || echo '$(COMMIT)' >$@

$(OUT)/%.o: %.cpp $(OUT)/flags
	@mkdir -p $(@D)
	@echo "  CXX   $<"
	@$(CXX) $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c $< -o $@

$(LIBRARY): $(LIBRARY_OBJECTS)
	@echo "  AR    $@"
	@rm -f $@
	@$(AR) rcsD $@ $^

$(OUT)/appcore-%: $(OUT)/src/%.o $(LIBRARY)
	@echo "  LINK  $@"
	@$(CXX) $(CXXFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

# The unit tests make system calls fail: the linker leads these through tests/unit/faults.cpp, and fails
# itself where the two lists differ.
WRAPPED := accept4 epoll_create1 epoll_ctl epoll_pwait fchmod fcntl fdopendir fstat fstatat mkostemp mmap \
           open openat opendir poll posix_fallocate pread readdir renameat unlinkat utimensat write writev
$(UNIT_TESTS): $(UNIT_OBJECTS) $(LIBRARY)
	@echo "  LINK  $@"
	@$(CXX) $(CXXFLAGS) $(LDFLAGS) $(addprefix -Wl$(comma)--wrap=,$(WRAPPED)) $^ $(LIBS) $(CATCH_LIBS) -o $@

# A worker with a model that obeys, for tests, in a folder where it has the name of the real one.
OBEDIENT := $(OUT)/obedient/appcore-worker
$(OBEDIENT): $(OUT)/tests/e2e/programs/obedient_worker.o $(LIBRARY) $(OUT)/appcore-metrics
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CXX) $(CXXFLAGS) $(LDFLAGS) $(filter-out %/appcore-metrics,$^) $(LIBS) -o $@
	@ln -sf ../appcore-metrics $(@D)/appcore-metrics

# Fuzz targets: tests/fuzz/NAME.cpp makes NAME, with libFuzzer in a build of that kind (clang only),
# otherwise with a main that replays files.
FUZZ_TARGETS := $(filter-out replay,$(basename $(notdir $(wildcard tests/fuzz/*.cpp))))
FUZZ_PROGRAMS := $(FUZZ_TARGETS:%=$(OUT)/fuzz/%)
FUZZ_OBJECTS := $(patsubst %.cpp,$(OUT)/%.o,$(wildcard tests/fuzz/*.cpp))
FUZZ_MAIN := $(if $(filter fuzz,$(BUILD)),,$(OUT)/tests/fuzz/replay.o)
$(OUT)/tests/fuzz/%.o: private CPPFLAGS += -Itests/unit -Itests/fuzz

$(OUT)/fuzz/%: $(OUT)/tests/fuzz/%.o $(FUZZ_MAIN) $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CXX) $(CXXFLAGS) $(if $(FUZZ_MAIN),,-fsanitize=fuzzer) $(LDFLAGS) $^ $(LIBS) -o $@

-include $(OUT)/tests/e2e/programs/obedient_worker.d $(patsubst %.o,%.d,$(LIBRARY_OBJECTS) $(PROGRAM_OBJECTS) $(UNIT_OBJECTS) $(FUZZ_OBJECTS) $(BENCH_OBJECTS))

# The service: packages that are missing, the programs, then deploy/appcorectl, which says what happens.
# Each step is a make of its own because the later ones need the packages of the first.
CTL = RUN_DIR='$(RUN_DIR)' PORT='$(PORT)' ADDRESS='$(ADDRESS)' WORKERS='$(WORKERS)' MODEL='$(if $(MODEL),$(abspath $(MODEL)))' \
      APPCORE_BIN_DIR='$(abspath $(OUT))' deploy/appcorectl
BUILD_PROGRAMS = $(MAKE) --no-print-directory -j$(JOBS) programs

run: ## build and serve in the foreground, until Ctrl-C
	@deploy/install-packages run build
	@deploy/fetch-docs-ui --if-possible
	@$(BUILD_PROGRAMS)
	@exec env $(CTL) run

up: ## build and serve in the background
	@deploy/install-packages run build
	@deploy/fetch-docs-ui --if-possible
	@$(BUILD_PROGRAMS)
	@exec env $(CTL) up

down: ## stop what `up` or `run` started
	@exec env $(CTL) down

restart: ## new programs and configuration, without a lost request
	@$(BUILD_PROGRAMS)
	@exec env $(CTL) restart

scale: ## WORKERS=n workers, without a lost request
	@exec env $(CTL) scale

reopen: ## reopen the log files, after a rotation
	@exec env $(CTL) reopen

status: ## the state of each process
	@exec env $(CTL) status

# Tests: the units in one program, the fuzz targets with their seeds, the end-to-end cases against real
# stacks. tests/run adds them up; its last line is "N passed, N failed".
TESTS = APPCORE_BIN_DIR='$(abspath $(OUT))' tests/run

test: ## all tests
	@deploy/install-packages run build test
	@deploy/fetch-docs-ui
	@$(MAKE) --no-print-directory -j$(JOBS) programs $(OBEDIENT) $(UNIT_TESTS) fuzz-programs
	@exec env $(TESTS) unit ctl seeds mutants e2e

unit: ## the unit tests, those of deploy/ctl, and the fuzz targets with their seeds
	@deploy/install-packages build test
	@$(MAKE) --no-print-directory -j$(JOBS) $(UNIT_TESTS) fuzz-programs
	@exec env $(TESTS) unit ctl seeds

e2e: ## the end-to-end tests; MODULES="test_logs ..." for some of them
	@deploy/install-packages run build test
	@deploy/fetch-docs-ui
	@$(MAKE) --no-print-directory -j$(JOBS) programs $(OBEDIENT)
	@exec env $(TESTS) e2e $(MODULES)

# Lines of src/ that the tests do not reach: those by file, and the whole as pages in build/coverage/html.
# Programs write what they have run through when they end: a killed one tells nothing, and the sandbox would
# forbid it.
COVERAGE_LEAST := 95
coverage: ## lines of src/ that no test reaches; fails below 95 %
	@deploy/install-packages run build test coverage
	@deploy/fetch-docs-ui
	@$(MAKE) --no-print-directory -j$(JOBS) BUILD=coverage coverage-programs
	@find build/coverage -name '*.gcda' -delete
	@APPCORE_SANDBOX=off APPCORE_BIN_DIR='$(abspath build/coverage)' tests/run unit e2e
	@$(MAKE) --no-print-directory coverage-report

coverage-programs: programs $(OBEDIENT) $(UNIT_TESTS)

coverage-report:
	@mkdir -p build/coverage/html
	@gcovr --root . --filter src/ --exclude-unreachable-branches --fail-under-line $(COVERAGE_LEAST) \
	       --html-details build/coverage/html/index.html --txt build/coverage/report.txt build/coverage; \
	 result=$$?; grep -v ' 100% *$$' build/coverage/report.txt; exit $$result

# Memory errors and leaks by valgrind, which needs no build of its own: the unit tests without those that
# fork a pool or take minutes there, and a worker and the metrics program that serve, reopen and end.
memcheck: programs $(UNIT_TESTS) ## unit tests and a smoke run of the programs under valgrind
	@deploy/install-packages run build test memcheck
	@APPCORE_BIN_DIR='$(abspath $(OUT))' tests/memcheck

# Small changes to the code, each of which must make one of the tests fail that tests/mutants names for it.
# They are tried in copies of the tree, so you may continue working in this one.
MUTANTS ?=
mutants: ## break the code in small ways that named tests must notice; MUTANTS="name ..." for some of them
	@deploy/install-packages run build test
	@deploy/fetch-docs-ui
	@exec env JOBS='$(JOBS)' CXX='$(CXX)' tests/mutants/run $(MUTANTS)

# Fuzzing, under clang's AddressSanitizer and UndefinedBehaviorSanitizer: FUZZERS one after the other,
# each for FUZZ_SECONDS or for FUZZ_RUNS inputs. What they learn stays in build/fuzz/corpus.
FUZZERS ?= $(FUZZ_TARGETS)
FUZZ_SECONDS ?= 60
FUZZ_RUNS ?=
CLANGXX ?= clang++

fuzz: ## fuzz each target for FUZZ_SECONDS=60 or FUZZ_RUNS=n; FUZZERS="slot ..." for some of them
	@deploy/install-packages build fuzz
	@$(MAKE) --no-print-directory -j$(JOBS) BUILD=fuzz CXX='$(CLANGXX)' fuzz-programs
	@FUZZ_SECONDS='$(FUZZ_SECONDS)' FUZZ_RUNS='$(FUZZ_RUNS)' tests/fuzz/run build/fuzz $(FUZZERS)

fuzz-programs: $(FUZZ_PROGRAMS)

# Long runs of what `make test` does in short: a thousand SIGTERMs under load, a year of operations, exact
# counts over 200,000 requests with a hundred kills.
sigterms: ## 1,000 SIGTERMs to workers under load
	@$(BUILD_PROGRAMS)
	@APPCORE_BIN_DIR='$(abspath $(OUT))' /usr/bin/python3 tests/e2e/test_restarts.py 1000

rolling: ## restarts, resizes, kills, stops and changed configurations under load, as many as in a year
	@$(BUILD_PROGRAMS)
	@APPCORE_BIN_DIR='$(abspath $(OUT))' /usr/bin/python3 tests/e2e/test_rolling.py long

exact: ## exact counts and log lines over 200,000 requests, with 100 kills and 20 rolling restarts, then with every other accident
	@$(MAKE) --no-print-directory -j$(JOBS) programs $(OBEDIENT)
	@APPCORE_BIN_DIR='$(abspath $(OUT))' /usr/bin/python3 tests/e2e/test_exact_counts.py long
	@APPCORE_BIN_DIR='$(abspath $(OUT))' /usr/bin/python3 tests/e2e/test_exactness.py long

operations: ## commands and accidents at once, in ROUNDS=500 random rounds; SEED= repeats a run
	@deploy/install-packages run build test
	@$(BUILD_PROGRAMS)
	@APPCORE_BIN_DIR='$(abspath $(OUT))' ROUNDS='$(or $(ROUNDS),500)' SEED='$(SEED)' /usr/bin/python3 -B tests/e2e/test_operations.py

large-model: ## a model of 500 MB: private memory of eight workers, a change to it under load
	@$(BUILD_PROGRAMS)
	@APPCORE_BIN_DIR='$(abspath $(OUT))' /usr/bin/python3 tests/e2e/test_model_switch.py long

# Against the libraries themselves: a model of every kind, 10,000 random rows and 9,000 on thresholds and one step beside them. KINDS="dart ..."
# for those whose name contains one of the words. Models and the libraries' predictions stay in build/parity; remove them to train again.
KINDS ?=
PARITY = build/parity/$(if $(KINDS),some,all)
parity: ## compare predictions with XGBoost's and scikit-learn's own, bit by bit; KINDS="..." for some
	@deploy/install-packages run build parity
	@$(BUILD_PROGRAMS)
	@$(if $(KINDS),rm -rf $(PARITY))
	@test -e $(PARITY)/trained || { rm -rf $(PARITY) && /usr/bin/python3 -B tests/parity/train.py $(PARITY) $(KINDS) && touch $(PARITY)/trained; }
	@/usr/bin/python3 -B tests/parity/test_export.py
	@/usr/bin/python3 -B tests/parity/compare.py $(OUT)/appcore-model $(PARITY)

parity-13: ## the same with Debian 13's libraries, in a root made by debootstrap; as root
	@deploy/install-packages run build deb-test
	@$(BUILD_PROGRAMS)
	@test -e build/parity/13/trained || { tests/parity/debian-13 build/parity/13 $(KINDS) && touch build/parity/13/trained; }
	@/usr/bin/python3 -B tests/parity/compare.py $(OUT)/appcore-model build/parity/13 $(KINDS)

# Benchmarks: the service beside its alternatives, in turns, within a quarter of an hour, and
# instruction counts of its hot path. BENCH=quick takes a minute and is for development.
BENCH_PROGRAMS := $(addprefix $(OUT)/bench/,open-loop pauses bare micro parse-bench record-bench xgboost-model onnx-model)
BENCH_ENV = APPCORE_BIN_DIR='$(abspath $(OUT))' BENCH_OUT='$(abspath build/bench)' CXX='$(CXX)'

bench: ## rates, latencies, memory, start-up, models beside rivals: a table, JSON and a plot in build/bench
	@deploy/install-packages run build bench
	@deploy/npm-ci bench
	@$(MAKE) --no-print-directory -j$(JOBS) programs $(BENCH_PROGRAMS)
	@exec env $(BENCH_ENV) tests/bench/bench.py

bench-models: ## only the models' part of `make bench`
	@deploy/install-packages run build bench
	@deploy/npm-ci bench
	@$(MAKE) --no-print-directory -j$(JOBS) programs $(OUT)/bench/xgboost-model $(OUT)/bench/onnx-model
	@exec env $(BENCH_ENV) tests/bench/models.py

bench-docs: ## put the last results of `make bench` into docs/performance.md
	@exec env $(BENCH_ENV) tests/bench/bench.py --docs

bench-micro: ## instruction counts of the hot path; parsing by other ways; counting and scraping
	@deploy/install-packages build bench
	@$(MAKE) --no-print-directory -j$(JOBS) $(BENCH_PROGRAMS)
	@$(BENCH_ENV) tests/bench/micro.py
	@$(OUT)/bench/parse-bench
	@$(OUT)/bench/record-bench

$(OUT)/tests/bench/%.o: private CPPFLAGS += -Itests/unit
$(OUT)/bench/parse-bench: LIBS += -lsimdjson
$(OUT)/bench/xgboost-model: LIBS += -lxgboost
$(OUT)/bench/%: $(OUT)/tests/bench/%.o $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CXX) $(CXXFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

# What /docs and /redoc show the API with, into build/docs-ui. `run` does without where it cannot be had.
docs-ui: ## fetch Swagger UI and ReDoc, the pinned npm packages
	@deploy/fetch-docs-ui

# Checks without running: format, clang-tidy, cppcheck, shell scripts, nginx's view of its configuration.
CPP_FILES = $(shell find src tests -name '*.cpp' -o -name '*.hpp')
SCRIPTS := deploy/launch deploy/run-nginx deploy/start-as deploy/install-packages deploy/lock-packages \
           deploy/npm-ci deploy/fetch-docs-ui tests/fuzz/run tests/reproducible tests/deb/run \
           $(addprefix deploy/debian/,appcorectl appcore.postinst appcore.prerm appcore.postrm) tests/verify tests/parity/debian-13 tests/models/make_fixtures .ci/run

lint: ## format, clang-tidy, cppcheck, shellcheck, nginx -t, the CI workflow, the pages
	@deploy/install-packages run build test lint
	@deploy/npm-ci lint
	@$(MAKE) --no-print-directory -j$(JOBS) format tidy cppcheck scripts workflows nginx-check docs-check

format:
	@clang-format --dry-run -Werror $(CPP_FILES)

# A stamp a file, newer than its object: what has not changed is not read again.
tidy: $(patsubst %.o,%.tidy,$(LIBRARY_OBJECTS) $(PROGRAM_OBJECTS))

$(OUT)/%.tidy: $(OUT)/%.o .clang-tidy
	@echo "  TIDY  $*.cpp"
	@clang-tidy --quiet --warnings-as-errors='*' $*.cpp -- -std=c++20 $(CPPFLAGS) 2>$(@:.tidy=.tidy-log) || \
	 { cat $(@:.tidy=.tidy-log) >&2; exit 1; }
	@touch $@

cppcheck:
	@mkdir -p $(OUT)/cppcheck
	@cppcheck --quiet --std=c++20 --language=c++ --enable=warning,performance,portability \
	 --inline-suppr --suppress=missingIncludeSystem --error-exitcode=1 -j$(JOBS) \
	 --cppcheck-build-dir=$(OUT)/cppcheck -Isrc -DAPPCORE_VERSION='""' src

scripts:
	@shellcheck -x $(SCRIPTS)
	@pyflakes3 deploy/appcorectl deploy/ctl/*.py tests/ctl/*.py tests/run tests/memcheck tests/mutants/run tests/fuzz/make_seeds.py tests/e2e/*.py tests/image/*.py tests/deb/*.py tests/docs/check tests/docs/*.py \
	 deploy/appcore_export.py tests/parity/*.py tests/bench/*.py configs/examples/*/*.py
	@MYPYPATH=deploy mypy --strict --python-version 3.11 --cache-dir $(OUT)/mypy -p ctl
	@mypy --strict --python-version 3.11 --cache-dir $(OUT)/mypy tests/mutants/run
	@MYPYPATH=deploy:tests/docs mypy --strict --python-version 3.11 --cache-dir $(OUT)/mypy tests/docs/check tests/docs/*.py
	@tests/mutants/run --check

# The pages: links, commands, tables that programs know, spelling and turns of phrase, which are those of comments and messages too.
docs-check: programs ## links, commands and tables of the pages; spelling and style of every text
	@APPCORE_BIN_DIR='$(abspath $(OUT))' tests/docs/check

workflows:
	@node tests/lint/workflows.mjs .github/workflows/*.yml

nginx-check: RUN_DIR = $(OUT)/nginx-check
nginx-check: programs
	@env $(CTL) check

# The container image. ENGINE is docker or podman, with sudo if need be; IMAGE_ARGS are more arguments for its `build`, RUN_ARGS for
# its `run`; SOURCE is the address of the sources, for the label.
ENGINE ?= $(eval ENGINE := $(shell deploy/start-as engine-here))$(ENGINE)
IMAGE ?= appcore:$(VERSION)
IMAGE_ARGS ?=
RUN_ARGS ?=
SOURCE ?=

image: docs-ui ## the container image, tagged appcore:VERSION and appcore:latest
	@test -n '$(ENGINE)'
	DOCKER_BUILDKIT=1 $(ENGINE) build $(if $(filter podman,$(ENGINE)),--format docker) -t '$(IMAGE)' -t appcore:latest \
	 --build-arg VERSION='$(VERSION)' --build-arg COMMIT='$(COMMIT)' --build-arg SOURCE='$(SOURCE)' $(IMAGE_ARGS) .

# The service in the ways in which it is delivered, from nothing but these sources.
run-package: ## build the package, install it and serve: Debian's nginx and supervisor, at every boot
	@$(MAKE) --no-print-directory deb
	@deploy/start-as package $(DEB_DIR)/appcore_*.deb

run-container: ## build the image and serve from a container, "appcore"; installs docker where no engine is
	@engine=$$(deploy/start-as engine) && $(MAKE) --no-print-directory image ENGINE="$$engine"
	@PORT='$(PORT)' ADDRESS='$(ADDRESS)' WORKERS='$(WORKERS)' RUN_ARGS='$(RUN_ARGS)' deploy/start-as container '$(IMAGE)'

run-compose: docs-ui ## the same with Prometheus and node-exporter, by docker-compose.yml
	@VERSION='$(VERSION)' COMMIT='$(COMMIT)' APPCORE_PORT='$(or $(APPCORE_PORT),$(PORT))' \
	 APPCORE_ADDRESS='$(or $(APPCORE_ADDRESS),$(ADDRESS))' $(if $(WORKERS),APPCORE_WORKERS='$(WORKERS)') deploy/start-as compose

image-test: image ## tests of the image, in containers
	@ENGINE='$(ENGINE)' IMAGE='$(IMAGE)' python3 -B tests/image/test_image.py -v

# What a release consists of: what `make install` installs as an archive, whose bytes do not depend on
# when it is made, the Debian package, and checksums.
ARCHIVE = appcore-$(VERSION)-$(shell uname -m).tar.gz
artefacts: ## an archive of the installed files, the Debian package and checksums, in build/artefacts
	@deploy/fetch-docs-ui
	@$(MAKE) --no-print-directory deb
	@rm -rf build/artefacts build/artefacts-root
	@mkdir -p build/artefacts
	@$(MAKE) --no-print-directory install DESTDIR=build/artefacts-root
	@tar -C build/artefacts-root --sort=name --owner=0 --group=0 --numeric-owner --mtime='@$(COMMIT_TIME)' -c . | \
	 gzip -9 -n >'build/artefacts/$(ARCHIVE)'
	@cp '$(DEB_DIR)'/appcore*.deb build/artefacts
	@cd build/artefacts && sha256sum * >SHA256SUMS && cat SHA256SUMS

# The same commit, built in two folders without a compiler cache, must give the same bytes.
reproducible: ## build HEAD twice, in different folders, and compare
	@deploy/install-packages build run deb
	@CXX='$(filter-out ccache,$(CXX))' JOBS='$(JOBS)' tests/reproducible

# Exact versions of the packages that building and running take.
lock: ## renew the lock file of package versions from the package sources
	@deploy/lock-packages renew

lock-check: ## what differs between the lock file and this machine
	@deploy/lock-packages check

# The Debian package: what `make install` installs, packed by debhelper. Its version says the commit and the time
# of that, so that newer commits are newer packages; the time is also that of all files in it.
DEB_VERSION = $(VERSION)+git$(shell date -u -d @$(COMMIT_TIME) +%Y%m%d%H%M%S).$(subst -,+,$(COMMIT))
DEB_DIR ?= build/deb
DEB_SOURCE = $(abspath $(DEB_DIR))/source
deb: ## the Debian package, in build/deb
	@deploy/install-packages run build deb
	@deploy/fetch-docs-ui --if-possible
	@$(BUILD_PROGRAMS)
	@rm -rf '$(DEB_DIR)'
	@mkdir -p '$(DEB_SOURCE)'
	@cp -R deploy/debian deploy/systemd configs '$(DEB_SOURCE)'
	@$(MAKE) --no-print-directory install PREFIX=/usr DESTDIR='$(DEB_SOURCE)/installed' \
	 >'$(DEB_DIR)/install.log' 2>&1 || { cat '$(DEB_DIR)/install.log' >&2; exit 1; }
	@printf 'appcore (%s) stable; urgency=medium\n\n  * Commit %s.\n\n -- %s  %s\n' '$(DEB_VERSION)' '$(COMMIT)' \
	 "$$(sed -n 's/^Maintainer: //p' deploy/debian/control)" "$$(LC_ALL=C date -u -R -d @$(COMMIT_TIME))" \
	 >'$(DEB_SOURCE)/debian/changelog'
	@cd '$(DEB_SOURCE)' && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL LC_ALL=C SOURCE_DATE_EPOCH='$(COMMIT_TIME)' \
	 dpkg-buildpackage -b -us -uc -d >../build.log 2>&1 || { tail -n 30 ../build.log >&2; exit 1; }
	@ls '$(DEB_DIR)'/appcore_*.deb

# In a fresh Debian made by debootstrap, with a network of its own: install, serve, upgrade, remove, purge. The
# newer package is of a commit that does not exist; it is made first, so that the programs end as those of HEAD.
deb-test: ## lintian, and the package's life in a fresh Debian; as root
	@deploy/install-packages deb deb-test
	@$(MAKE) --no-print-directory deb DEB_DIR=build/deb-newer COMMIT=newer COMMIT_TIME=$$(($(COMMIT_TIME) + 1))
	@$(MAKE) --no-print-directory deb
	@lintian --fail-on error,warning --tag-display-limit 0 build/deb/appcore_*.changes
	@tests/deb/run build/deb/appcore_*.deb build/deb-newer/appcore_*.deb

# The acceptance script of the old project, check by check; the last line counts. Its part for the container
# is the smoke test of CI, too.
VERIFY = APPCORE_BIN_DIR='$(abspath $(OUT))' MAKE='$(MAKE)' ENGINE='$(ENGINE)' IMAGE='$(IMAGE)' tests/verify
verify: ## the acceptance checks of the old project; SECTIONS="api ci ..." for some (tests/verify lists them)
	@deploy/install-packages run build test lint
	@deploy/npm-ci lint
	@deploy/fetch-docs-ui
	@$(BUILD_PROGRAMS)
	@$(VERIFY) $(SECTIONS)

image-smoke: ## build the image and send it the old project's requests
	@test -n '$(ENGINE)'
	@$(VERIFY) container

# Installing for a distribution's package, or below /usr/local.
install: programs ## programs and deploy/ to $(DESTDIR)$(PREFIX)
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/share/appcore'
	install -m 755 $(PROGRAMS) '$(DESTDIR)$(PREFIX)/bin'
	install -d '$(DESTDIR)$(PREFIX)/share/appcore/ctl'
	install -m 755 deploy/appcorectl deploy/launch deploy/run-nginx '$(DESTDIR)$(PREFIX)/share/appcore'
	install -m 644 deploy/nginx.conf deploy/supervisord.conf deploy/pool.conf deploy/first-headers.js deploy/appcore.service \
	        deploy/appcore_export.py \
	        '$(DESTDIR)$(PREFIX)/share/appcore'
	install -m 644 deploy/ctl/*.py '$(DESTDIR)$(PREFIX)/share/appcore/ctl'
	@if [ -e build/docs-ui/installed.css.gz ]; then set -x; install -d '$(DESTDIR)$(PREFIX)/share/appcore/docs-ui' && \
	 install -m 644 build/docs-ui/* '$(DESTDIR)$(PREFIX)/share/appcore/docs-ui'; \
	 else echo 'without Swagger UI and ReDoc: "make docs-ui" fetches them'; fi

clean: ## remove what was built
	rm -rf build
