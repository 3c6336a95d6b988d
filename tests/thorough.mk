# Tests that take longer than `make test`, or need more than it: coverage, valgrind, mutants, fuzzing, long runs, parity.

##@ Test for longer
.PHONY: coverage coverage-programs coverage-report memcheck fuzz fuzz-programs mutants sigterms rolling exact operations large-model parity parity-13 door-test arm64-test

# Lines of src/ that the tests do not reach: those by file, and the whole as pages in build/coverage/html.
# Programs write what they have run through when they end: a killed one tells nothing, and the sandbox would
# forbid it.
COVERAGE_LEAST := 95
coverage: ## lines of src/ that no test reaches; fails below 95 %
	@deploy/install-packages run build test coverage
	@deploy/fetch-docs-ui
	@deploy/npm-ci axe
	@$(MAKE) --no-print-directory -j$(JOBS) BUILD=coverage coverage-programs
	@find build/coverage -name '*.gcda' -delete
	@APPCORE_SANDBOX=off APPCORE_BIN_DIR='$(abspath build/coverage)' tests/run unit e2e
	@$(MAKE) --no-print-directory coverage-report

coverage-programs: e2e-programs $(UNIT_TESTS)

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
	@$(MAKE) --no-print-directory -j$(JOBS) e2e-programs
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

# Renewals, changes of keys and reloads under load, and what testssl.sh thinks of the listener for TLS.
door-test: ## 20 renewals of a certificate, 20 changes of API keys and six reloads under load; testssl.sh on the listener for TLS
	@$(BUILD_PROGRAMS)
	@deploy/install-packages run test door-test
	@APPCORE_BIN_DIR='$(abspath $(OUT))' /usr/bin/python3 -B tests/e2e/test_renewal.py long
	@APPCORE_BIN_DIR='$(abspath $(OUT))' /usr/bin/python3 -B tests/e2e/test_keys.py long
	@APPCORE_BIN_DIR='$(abspath $(OUT))' /usr/bin/python3 -B tests/e2e/testssl.py

# What another processor could break: stores that pass each other, a char without a sign, fused products, NEON.
ARM64_TESTS ?= unit seeds test_contract package
arm64-test: ## unit tests, fuzz seeds and the recorded cases on arm64, in an emulator, and its package; as root, on x86-64; ARM64_TESTS="unit" for some
	@deploy/install-packages deb-test
	@JOBS='$(JOBS)' tests/arm64/run $(ARM64_TESTS)
