# Benchmarks, and what they are compared with.

##@ Measure
.PHONY: bench-own bench bench-against bench-models bench-door bench-docs bench-micro latency-test

# Benchmarks: the service beside its alternatives, in turns, within a quarter of an hour, and
# instruction counts of its hot path. BENCH=quick takes a minute and is for development.
# The first need no package beyond those of the service; `make lint` builds them, so that they go on compiling.
BENCH_OWN := $(addprefix $(OUT)/bench/,open-loop fastcgi-load pauses bare micro record-bench)
BENCH_PROGRAMS := $(BENCH_OWN) $(addprefix $(OUT)/bench/,parse-bench xgboost-model onnx-model)
BENCH_ENV = APPCORE_BIN_DIR='$(abspath $(OUT))' BENCH_OUT='$(abspath build/bench)' CXX='$(CXX)'

bench-own: $(BENCH_OWN)

bench: ## rates, latencies, memory, start-up, models beside rivals: a table, JSON and a plot in build/bench
	@deploy/install-packages run build bench
	@deploy/npm-ci bench
	@$(MAKE) --no-print-directory -j$(JOBS) programs $(BENCH_PROGRAMS)
	@exec env $(BENCH_ENV) tests/bench/bench.py

bench-against: ## this tree in turns with an earlier commit, BEFORE=<commit>: rates, CPU time, latencies; 7 minutes
	@deploy/install-packages run build bench
	@$(MAKE) --no-print-directory -j$(JOBS) programs $(OUT)/bench/open-loop $(OUT)/bench/fastcgi-load
	@exec env $(BENCH_ENV) BEFORE='$(BEFORE)' /usr/bin/python3 -B tests/bench/against.py

bench-models: ## only the models' part of `make bench`
	@deploy/install-packages run build bench
	@deploy/npm-ci bench
	@$(MAKE) --no-print-directory -j$(JOBS) programs $(OUT)/bench/xgboost-model $(OUT)/bench/onnx-model
	@exec env $(BENCH_ENV) tests/bench/models.py

bench-door: ## what TLS, API keys and HTTP/2 cost a request, beside the plain service
	@deploy/install-packages run build bench
	@$(BUILD_PROGRAMS)
	@exec env $(BENCH_ENV) tests/bench/door.py

bench-docs: ## put the last results of `make bench` into docs/performance.md
	@exec env $(BENCH_ENV) tests/bench/bench.py --docs

bench-micro: ## instruction counts of the hot path; parsing by other ways; counting and scraping
	@deploy/install-packages build bench
	@$(MAKE) --no-print-directory -j$(JOBS) $(BENCH_PROGRAMS)
	@$(BENCH_ENV) tests/bench/micro.py
	@$(OUT)/bench/parse-bench
	@$(OUT)/bench/record-bench

# Percentiles of /status, of Prometheus's rules and of the log beside the kernel's trace of the workers' system calls and what
# clients measure. Times are judged, so it wants a quiet machine; the trace wants root. CASES="0.01 queue traced" chooses.
CASES ?=
latency-test: ## whether the percentiles that are told are those that are measured; 6 minutes
	@deploy/install-packages run build test
	@$(MAKE) --no-print-directory -j$(JOBS) e2e-programs $(OUT)/bench/open-loop $(OUT)/bench/pauses
	@mkdir -p build/bench
	@exec env $(BENCH_ENV) CASES='$(CASES)' /usr/bin/python3 -B tests/bench/latencies.py

$(OUT)/tests/bench/%.o: private CPPFLAGS += -Itests/unit
$(OUT)/bench/parse-bench: LIBS += -lsimdjson
$(OUT)/bench/xgboost-model: LIBS += -lxgboost
$(OUT)/bench/%: $(OUT)/tests/bench/%.o $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CXX) $(CXXFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@
