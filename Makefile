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
# A processor to compile for, by Debian's name of its tools: make programs CROSS=aarch64-linux-gnu
CROSS ?=
CXX ?= g++
ifeq ($(origin CXX),default)
CXX := $(CROSS:%=%-)g++
endif
ifeq ($(origin AR),default)
AR := $(CROSS:%=%-)ar
endif
# What the compiler makes programs for, such as x86_64.
PROCESSOR := $(firstword $(subst -, ,$(shell $(CXX) -dumpmachine 2>/dev/null || uname -m)))

# Everything that is built goes below OUT, a folder per kind of build.
OUT_DIR ?= build/$(BUILD)$(CROSS:%=-%)
OUT := $(OUT_DIR)
VERSION := $(shell cat VERSION)

# The kinds of builds. _FORTIFY_SOURCE needs an optimiser and gets in the way of sanitizers, with which
# GCC 12 also reports uninitialised variables in the standard library, wrongly. GCC also warns that its thread
# sanitizer ignores fences; ours order what other processes write, which it does not see at all.
GCC_ONLY = $(if $(findstring clang,$(CXX)),,$(1))
# The same commit gives the same release in every folder: no path of this machine is in it, and no date.
ifeq ($(BUILD),release)
KIND := -O2 -g -D_FORTIFY_SOURCE=2 '-ffile-prefix-map=$(CURDIR)=.' -Wdate-time
# Unit tests compile in a third of the time so, against a library that is what ships.
UNIT_KIND := -O0 -g1 -U_FORTIFY_SOURCE
else ifeq ($(BUILD),debug)
KIND := -O0 -g3
else ifeq ($(BUILD),asan)
KIND := -O1 -g1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all \
        $(call GCC_ONLY,-Wno-maybe-uninitialized)
else ifeq ($(BUILD),tsan)
KIND := -O1 -g1 -fno-omit-frame-pointer -fsanitize=thread $(call GCC_ONLY,-Wno-maybe-uninitialized -Wno-tsan)
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

# What makes a mistake in memory harder to abuse; the last is for jumps that were not meant, by each processor's name.
HARDENING = -fPIE -fstack-protector-strong -fstack-clash-protection \
            $(if $(filter x86_64 i%86,$(PROCESSOR)),-fcf-protection) \
            $(if $(filter aarch64,$(PROCESSOR)),-mbranch-protection=standard)

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
# Headers that are read once. Not with ccache, which keeps no object that was compiled with them; and not for what ships,
# so that one build sees whether a file includes what it uses.
UNIT_HEADERS := $(if $(findstring ccache,$(CXX)),,$(OUT)/tests/unit/precompiled.hpp.gch)
HEADERS := $(if $(filter asan tsan,$(BUILD)),$(if $(findstring ccache,$(CXX)),,$(OUT)/tests/precompiled.hpp.gch))
BENCH_OBJECTS := $(patsubst %.cpp,$(OUT)/%.o,$(sort $(shell find tests/bench -name '*.cpp' 2>/dev/null)))

.PHONY: all help programs FORCE run up down restart scale reopen status test unit e2e e2e-programs docs-ui install clean
.DELETE_ON_ERROR:
.SECONDARY:

all: programs

##@ Build
help: ## this list
	@sed -n -e 's/^##@ /\n/p' -e 's/^\([a-z0-9-]*\):.*## /  \1\t/p' $(filter Makefile %.mk,$(MAKEFILE_LIST)) | expand -t 20

# Building: objects depend on their headers (the .d files), and on the flags they were made with.
programs: $(PROGRAMS) ## build only

$(OUT)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(CXX) $(CPPFLAGS) $(CXXFLAGS))' | cmp -s - $@ || \
	 echo '$(subst ','\'',$(CXX) $(CPPFLAGS) $(CXXFLAGS))' >$@

# Private: what a target needs beyond that is not its prerequisites', the flags' among them.
$(OUT)/tests/unit/%.o: private CPPFLAGS += -Itests/unit
$(OUT)/tests/unit/%.o: private CXXFLAGS += $(UNIT_KIND)
$(OUT)/tests/unit/%_test.o: private CXXFLAGS += $(UNIT_HEADERS:%.gch=-include %)
$(OUT)/src/%.o: private CXXFLAGS += $(HEADERS:%.gch=-include %)

# Models predict the bits of the libraries that trained them: no product is fused with a sum.
$(OUT)/src/appcore/models/%.o $(OUT)/src/appcore/importers/%.o: private CXXFLAGS += -ffp-contract=off

# Files that are built into a program (src/appcore/system/embedded_file.hpp).
$(OUT)/src/appcore/model_commands/export_script.o: deploy/appcore_export.py
$(OUT)/src/appcore/status/status_page.o: $(addprefix src/appcore/status/page.,html css js)

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

# With the flags of the tests: others would make it useless to them.
$(filter %_test.o,$(UNIT_OBJECTS)): $(UNIT_HEADERS)
$(UNIT_HEADERS): private CPPFLAGS += -Itests/unit
$(UNIT_HEADERS): private CXXFLAGS += $(UNIT_KIND)
$(UNIT_HEADERS): tests/unit/precompiled.hpp tests/unit/catch.hpp
$(LIBRARY_OBJECTS) $(PROGRAM_OBJECTS): $(HEADERS)
$(OUT)/%.hpp.gch: %.hpp tests/precompiled.hpp $(OUT)/flags Makefile
	@mkdir -p $(@D)
	@echo "  CXX   $<"
	@$(CXX) $(CPPFLAGS) $(CXXFLAGS) -x c++-header $< -o $@

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
quoted = '$(subst ','\'',$(1))'
CTL = $(foreach name,RUN_DIR PORT ADDRESS WORKERS MODEL,$(name)=$(call quoted,$($(name)))) APPCORE_BIN_DIR=$(call quoted,$(abspath $(OUT))) \
      deploy/appcorectl
BUILD_PROGRAMS = $(MAKE) --no-print-directory -j$(JOBS) programs

##@ Serve
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

##@ Test
test: ## all tests
	@deploy/install-packages run build test
	@deploy/fetch-docs-ui
	@deploy/npm-ci axe
	@$(MAKE) --no-print-directory -j$(JOBS) programs $(OBEDIENT) $(UNIT_TESTS) fuzz-programs
	@exec env $(TESTS) unit ctl seeds mutants e2e

unit: ## the unit tests, those of deploy/ctl, and the fuzz targets with their seeds
	@deploy/install-packages build test
	@$(MAKE) --no-print-directory -j$(JOBS) $(UNIT_TESTS) fuzz-programs
	@exec env $(TESTS) unit ctl seeds

e2e: ## the end-to-end tests; MODULES="test_logs ..." for some of them
	@deploy/install-packages run build test
	@deploy/fetch-docs-ui
	@deploy/npm-ci axe
	@$(MAKE) --no-print-directory -j$(JOBS) e2e-programs
	@exec env $(TESTS) e2e $(MODULES)

e2e-programs: programs $(OBEDIENT)

##@ Install
# What /docs and /redoc show the API with, into build/docs-ui. `run` does without where it cannot be had.
docs-ui: ## fetch Swagger UI and ReDoc, the pinned npm packages
	@deploy/fetch-docs-ui

# Installing for a distribution's package, or below /usr/local.
install: programs ## programs and deploy/ to $(DESTDIR)$(PREFIX)
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/share/appcore'
	install -m 755 $(PROGRAMS) '$(DESTDIR)$(PREFIX)/bin'
	install -d '$(DESTDIR)$(PREFIX)/share/appcore/ctl'
	install -m 755 deploy/appcorectl deploy/launch deploy/run-nginx '$(DESTDIR)$(PREFIX)/share/appcore'
	install -m 644 deploy/nginx.conf deploy/supervisord.conf deploy/pool.conf deploy/first-headers.js deploy/api-keys.js deploy/appcore.service \
	        deploy/appcore_export.py \
	        '$(DESTDIR)$(PREFIX)/share/appcore'
	install -m 644 deploy/ctl/*.py '$(DESTDIR)$(PREFIX)/share/appcore/ctl'
	install -d '$(DESTDIR)$(PREFIX)/share/appcore/haproxy' '$(DESTDIR)$(PREFIX)/share/appcore/keepalived'
	install -m 644 deploy/haproxy/haproxy.cfg deploy/haproxy/end-dead-sessions.lua '$(DESTDIR)$(PREFIX)/share/appcore/haproxy'
	install -m 644 deploy/keepalived/keepalived.conf deploy/keepalived/move-address '$(DESTDIR)$(PREFIX)/share/appcore/keepalived'
	@if [ -e build/docs-ui/installed.css.gz ]; then set -x; install -d '$(DESTDIR)$(PREFIX)/share/appcore/docs-ui' && \
	 install -m 644 build/docs-ui/* '$(DESTDIR)$(PREFIX)/share/appcore/docs-ui'; \
	 else echo 'without Swagger UI and ReDoc: "make docs-ui" fetches them'; fi

clean: ## remove what was built
	rm -rf build

# The other targets are in files beside what they are about; a tree without tests, as the image's, builds all the same.
include $(wildcard tests/thorough.mk tests/fleet/fleet.mk tests/kubernetes/kubernetes.mk tests/lint/lint.mk tests/bench/bench.mk deploy/delivery.mk)
