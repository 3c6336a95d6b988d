#include "appcore/metrics/pool_families.hpp"

#include <unistd.h>

#include <fstream>
#include <string>

#include "appcore/metrics/serializer.hpp"
#include "catch.hpp"

using namespace appcore;
using namespace appcore::metrics;
using namespace appcore::store;

namespace {

const system::SteadyTime kNow{std::chrono::seconds(5000)};

WorkerState worker(std::string name) {
    WorkerState state;
    state.name = std::move(name);
    state.is_alive = true;
    state.started = system::WallTime(std::chrono::seconds(1700000000));
    state.starts = 3;
    state.requests = 12;
    state.last_activity = kNow - std::chrono::milliseconds(2500);
    state.usage = system::ProcessUsage{4096, 8192, 7};
    return state;
}

std::string text_of(const PoolSnapshot& pool) {
    const PoolFacts facts{"0.1.0", "abc", 4};
    return Serializer(ExpositionFormat::text).Serialize(pool_families(pool, facts, kNow));
}

bool has(const std::string& text, const std::string& line) {
    return text.find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("each worker has its own series") {
    PoolSnapshot pool;
    pool.workers = {worker("worker-01")};
    pool.workers[0].busy_since = kNow;
    const std::string text = text_of(pool);
    CHECK(has(text, R"(appcore_worker_up{worker="worker-01"} 1.0)"));
    CHECK(has(text, R"(appcore_worker_busy{worker="worker-01"} 1.0)"));
    CHECK(has(text, R"(appcore_worker_requests_total{worker="worker-01"} 12.0)"));
    CHECK(has(text, R"(appcore_worker_starts_total{worker="worker-01"} 3.0)"));
    CHECK(has(text, R"(appcore_worker_resident_memory_bytes{worker="worker-01"} 4096.0)"));
    CHECK(has(text, R"(appcore_worker_start_time_seconds{worker="worker-01"} 1.7e+09)"));
    CHECK(has(text, R"(appcore_worker_last_activity_age_seconds{worker="worker-01"} 2.5)"));
}

TEST_CASE("workers without a slot are counted") {
    PoolSnapshot pool;
    pool.workers = {worker("worker-01"), worker("worker-02")};
    CHECK(has(text_of(pool), "appcore_workers_unattached 0.0"));
    pool.workers[1].is_unattached = true;
    CHECK(has(text_of(pool), "appcore_workers_unattached 1.0"));
}

TEST_CASE("of a dead worker there are its counters, and that it is down") {
    PoolSnapshot pool;
    pool.workers = {worker("worker-01")};
    pool.workers[0].is_alive = false;
    pool.workers[0].usage.reset();
    const std::string text = text_of(pool);
    CHECK(has(text, R"(appcore_worker_up{worker="worker-01"} 0.0)"));
    CHECK(has(text, R"(appcore_worker_requests_total{worker="worker-01"} 12.0)"));
    CHECK(text.find("appcore_worker_resident_memory_bytes{") == std::string::npos);
    CHECK(text.find("appcore_worker_start_time_seconds{") == std::string::npos);
}

TEST_CASE("of a worker that has left there are its counters only") {
    PoolSnapshot pool;
    pool.workers = {worker("blue-01")};
    pool.workers[0].is_alive = false;
    pool.workers[0].has_departed = true;
    const std::string text = text_of(pool);
    CHECK(has(text, R"(appcore_worker_requests_total{worker="blue-01"} 12.0)"));
    CHECK(text.find("appcore_worker_up{") == std::string::npos);
    CHECK(text.find("appcore_worker_last_activity_age_seconds{") == std::string::npos);
}

TEST_CASE("activity that is later than the scrape's own time has the age zero") {
    PoolSnapshot pool;
    pool.workers = {worker("worker-01")};
    pool.workers[0].last_activity = kNow + std::chrono::microseconds(5);
    CHECK(
        has(text_of(pool), R"(appcore_worker_last_activity_age_seconds{worker="worker-01"} 0.0)"));
}

TEST_CASE("the pool has its build, size, requests in flight and queue") {
    PoolSnapshot pool;
    pool.workers = {worker("metrics"), worker("worker-01"), worker("worker-02")};
    for (WorkerState& state : pool.workers) state.busy_since = kNow;
    std::string text = text_of(pool);
    CHECK_FALSE(has(text, "appcore_model_info"));
    CHECK(has(text, R"(appcore_build_info{commit="abc",version="0.1.0"} 1.0)"));
    CHECK(has(text, "appcore_workers 4.0"));
    CHECK(has(text, "appcore_requests_in_flight 2.0"));
    CHECK_FALSE(has(text, "appcore_queue_length 0.0"));
    pool.size = 2;
    CHECK(has(text_of(pool), "appcore_workers 2.0"));
    pool.queue_length = 17;
    CHECK(has(text_of(pool), "appcore_queue_length 17.0"));
}

TEST_CASE("each model has the number of living workers that predict with it") {
    PoolSnapshot pool;
    pool.workers = {worker("blue-01"),  worker("blue-02"),  worker("green-01"),
                    worker("green-02"), worker("green-03"), worker("metrics")};
    for (WorkerState& state : pool.workers) state.model = "churn-1";
    pool.workers[2].model = "churn-2";
    pool.workers[3].is_alive = false;
    pool.workers[4].model = "";
    const std::string text = text_of(pool);
    CHECK(has(text, R"(appcore_model_workers{model_version="churn-1"} 2.0)"));
    CHECK(has(text, R"(appcore_model_workers{model_version="churn-2"} 1.0)"));
    CHECK(text.find(R"(appcore_model_workers{model_version=""})") == std::string::npos);
}

TEST_CASE(
    "the end of the certificate is read again for each scrape, and there is none without TLS") {
    const std::string path = "/tmp/appcore-pool-families-" + std::to_string(getpid());
    PoolFacts facts{"0.1.0", "abc", 4};
    const auto text = [&facts] {
        return Serializer(ExpositionFormat::text).Serialize(pool_families({}, facts, kNow));
    };
    const std::string name = "appcore_tls_certificate_not_after_seconds";
    CHECK(text().find(name) == std::string::npos);
    facts.certificate_file = path;
    CHECK(text().find(name) == std::string::npos);
    std::ofstream(path) << "1797436825\n";
    CHECK(has(text(), name + " 1.797436825e+09"));
    std::ofstream(path) << "1805212825\n";
    CHECK(has(text(), name + " 1.805212825e+09"));
    unlink(path.c_str());
}

TEST_CASE("events are counted by what they are of") {
    PoolSnapshot pool;
    pool.workers = {worker("worker-01")};
    pool.workers[0].events[static_cast<std::size_t>(metric::Event::log_line_dropped)] = 5;
    pool.workers[0].events[static_cast<std::size_t>(metric::Event::request_timeout)] = 8;
    pool.totals.events = {1, 2, 3, 5, 6, 7, 8};
    const std::string text = text_of(pool);
    CHECK(has(text, R"(appcore_store_events_total{event="attach_failed"} 1.0)"));
    CHECK(has(text, R"(appcore_store_events_total{event="damaged_set_aside"} 2.0)"));
    CHECK(has(text, R"(appcore_store_events_total{event="layout_migrated"} 3.0)"));
    CHECK(has(text, R"(appcore_log_lines_dropped_total{worker="worker-01"} 5.0)"));
    CHECK(has(text, R"(appcore_request_timeouts_total{worker="worker-01"} 8.0)"));
    CHECK(has(text, R"(appcore_pushes_total{result="success"} 6.0)"));
    CHECK(has(text, R"(appcore_pushes_total{result="failure"} 7.0)"));
}

TEST_CASE("as one process the pool adds up, and has started when its last process did") {
    PoolSnapshot pool;
    pool.workers = {worker("worker-01"), worker("worker-02")};
    pool.workers[1].started = system::WallTime(std::chrono::seconds(1800000000));
    const std::string text = text_of(pool);
    CHECK(has(text, "process_resident_memory_bytes 8192.0"));
    CHECK(has(text, "process_virtual_memory_bytes 16384.0"));
    CHECK(has(text, "process_open_fds 14.0"));
    CHECK(has(text, "process_start_time_seconds 1.8e+09"));
}
