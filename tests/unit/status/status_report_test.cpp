#include "appcore/status/status_report.hpp"

#include <limits>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "fakes.hpp"

using namespace appcore;
using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;
using metrics::WorkerState;
using store::Health;

namespace {

struct Fixture {
    fakes::Clock clock;  // steady: 1000 s
    metrics::Collector collector{"/nonexistent"};
    metrics::History history{collector};
    metrics::PoolSnapshot pool;
    status::ServiceFacts facts{"scoring", "1.2.3", 2, 30s};

    Json report() { return status::status_report({pool, history, facts}, clock); }

    WorkerState& add(const std::string& name) {
        WorkerState worker;
        worker.name = name;
        worker.is_alive = true;
        worker.health = Health::healthy;
        worker.pid = -1;  // no process, and so not stopped
        worker.started = clock.wall_now - 90s;
        worker.starts = 1;
        return pool.workers.emplace_back(worker);
    }
};

const Json kNone = Json::array();

}  // namespace

TEST_CASE("the report of a healthy pool has everything in its order") {
    Fixture f;
    f.add("metrics").health = Health::unknown;
    WorkerState& busy = f.add("worker-01");
    busy.requests = 12;
    busy.errors = 3;
    busy.busy_since = f.clock.steady_now - 250ms;
    busy.last_activity = f.clock.steady_now - 2s;
    busy.usage = system::ProcessUsage{4'000'000, 0, 0};
    f.add("worker-02");
    f.pool.requests_waiting = 7;
    f.pool.totals.model("other");
    f.pool.totals.model("v1.0");
    f.history.add(f.pool, true, f.clock.steady_now - 100s);
    f.history.add(f.pool, true, f.clock.steady_now);
    const Json report = f.report();
    const std::string text = report.dump();
    CHECK(text.starts_with(
        R"({"service":{"name":"scoring","version":"1.2.3","model_versions":["v1.0"]},)"
        R"("generated_at":"2026-11-23T08:06:48.675307Z",)"
        R"("pool":{"healthy":true,"state":"healthy","summary":"The pool is healthy",)"
        R"("since_means":"can predict","since":"2026-11-23T08:05:08.675307Z","since_seconds":100.0,"watched_seconds":100.0,)"
        R"("workers_configured":2,"workers_alive":2,"workers_busy":1,"requests_waiting":7,"callers_wait":false,)"
        R"("problems":[]},)"
        R"("workers":[{"name":"worker-01","state":"busy","pid":-1,"age_seconds":90.0,"starts":1,)"
        R"("requests":12,"errors":3,"current_request_seconds":0.25,)"
        R"("last_activity_seconds":2.0,"memory_bytes":4000000},)"
        R"({"name":"worker-02","state":"idle","pid":-1,"age_seconds":90.0,"starts":1,)"
        R"("requests":0,"errors":0,"current_request_seconds":null,)"
        R"("last_activity_seconds":null,"memory_bytes":null}],)"
        R"("totals":{"requests":0,)"));
    CHECK(report["last_minutes"]["1"]["requests_per_second"] == 0);
    CHECK(report["last_minutes"]["5"]["seconds"] == 100);
    CHECK(report["history"]["step_seconds"] == 5);
}

TEST_CASE("a dead worker has no process, and the pool a problem") {
    Fixture f;
    f.add("worker-01");
    WorkerState& dead = f.add("worker-02");
    dead.is_alive = false;
    dead.requests = 5;
    const Json report = f.report();
    const Json& worker = report["workers"][1];
    CHECK(worker["state"] == "dead");
    CHECK(worker["pid"].is_null());
    CHECK(worker["age_seconds"].is_null());
    CHECK(worker["memory_bytes"].is_null());
    CHECK(worker["requests"] == 5);
    CHECK(report["pool"]["healthy"] == true);
    CHECK(report["pool"]["state"] == "impaired");
    CHECK(report["pool"]["workers_alive"] == 1);
    CHECK(report["pool"]["problems"] == Json{"1 of 2 workers are alive"});
}

TEST_CASE("workers of a replaced pool are not in the report") {
    Fixture f;
    WorkerState& replaced = f.add("blue-01");
    replaced.is_alive = false;
    replaced.has_departed = true;
    f.add("green-01");
    f.add("green-02");
    const Json report = f.report();
    REQUIRE(report["workers"].size() == 2);
    CHECK(report["workers"][0]["name"] == "green-01");
    CHECK(report["pool"]["problems"] == kNone);
}

TEST_CASE("a pool that cannot predict says so, from this moment on if it was fine before") {
    Fixture f;
    f.history.add(f.pool, true, f.clock.steady_now - 1s);
    f.add("worker-01").health = Health::unhealthy;
    f.add("worker-02");
    const Json pool = f.report()["pool"];
    CHECK(pool["healthy"] == false);
    CHECK(pool["state"] == "unhealthy");
    CHECK(pool["summary"] == "The pool cannot predict");
    CHECK(pool["since_means"] == "cannot predict");
    CHECK(pool["since_seconds"] == 0);
    CHECK(pool["since"] == "2026-11-23T08:06:48.675307Z");
    CHECK(pool["problems"] == Json{"worker-01 says that it cannot predict"});
}

TEST_CASE("a request that takes longer than nginx waits is a problem") {
    Fixture f;
    f.add("worker-01").busy_since = f.clock.steady_now - 30s;
    f.add("worker-02");
    CHECK(f.report()["pool"]["problems"] == kNone);
    f.pool.workers[0].busy_since = f.clock.steady_now - 45s;
    CHECK(f.report()["pool"]["problems"] ==
          Json{"worker-01 has been at one request for 45 s; nginx gave it up after 30 s"});
}

TEST_CASE("slots that cannot be read are problems, whatever bytes their names have") {
    Fixture f;
    f.add("worker-01");
    f.add("worker-02");
    f.pool.problems = {"worker-03.slot: not a slot"};
    CHECK(f.report()["pool"]["problems"] == Json{"worker-03.slot: not a slot"});
    CHECK(f.report()["pool"]["state"] == "impaired");
}

TEST_CASE("before anything was seen the report is empty, not wrong") {
    Fixture f;
    const Json report = f.report();
    CHECK(report["workers"] == kNone);
    CHECK(report["service"]["model_versions"] == kNone);
    CHECK(report["pool"]["healthy"] == false);
    CHECK(report["pool"]["watched_seconds"].is_null());
    CHECK(report["pool"]["requests_waiting"].is_null());
    CHECK(report["pool"]["problems"] == Json{"0 of 2 workers are alive"});
    CHECK(report["last_minutes"]["1"]["requests_per_second"].is_null());
    CHECK(report["history"]["p99_ms"] == kNone);
}

TEST_CASE("no clock that moved and no number in a slot makes an age negative or overflows") {
    Fixture f;
    WorkerState& worker = f.add("worker-01");
    worker.started = f.clock.wall_now + 24h;
    worker.busy_since = f.clock.steady_now + 5s;
    worker.last_activity = system::SteadyTime{system::SteadyTime::duration::min()};
    WorkerState& other = f.add("worker-02");
    other.started = system::WallTime::min();
    other.busy_since = system::SteadyTime::max();
    f.history.add(f.pool, true, f.clock.steady_now + 7s);
    const Json report = f.report();
    CHECK(report["workers"][0]["age_seconds"] == 0);
    CHECK(report["workers"][0]["current_request_seconds"] == 0);
    CHECK(report["workers"][0]["last_activity_seconds"] == 0);
    CHECK(report["workers"][1]["age_seconds"] == 0);
    CHECK(report["workers"][1]["current_request_seconds"] == 0);
    CHECK(report["pool"]["since_seconds"] == 0);
    CHECK(report["pool"]["watched_seconds"] == 0);
    CHECK(report["pool"]["problems"] == kNone);
}

TEST_CASE("callers that wait are a problem, by what the last minute was or how many wait now") {
    Fixture f;
    f.add("worker-01");
    f.add("worker-02");
    f.pool.requests_waiting = 100;
    CHECK(f.report()["pool"]["callers_wait"] == false);
    f.pool.requests_waiting = 101;
    Json pool = f.report()["pool"];
    CHECK(pool["callers_wait"] == true);
    CHECK(pool["state"] == "impaired");
    CHECK(pool["problems"] == Json{"callers wait: 101 requests are waiting for a worker"});

    const auto wait_for = [&f](std::uint64_t nanoseconds, int seconds) {
        f.history.add(f.pool, true, f.clock.steady_now - std::chrono::seconds{seconds});
        store::WaitCell& cell =
            f.pool.totals.waits[static_cast<std::size_t>(http::Endpoint::predict)];
        cell.wait.buckets.at(store::bucket_of(nanoseconds)) += 10;
        f.history.add(f.pool, true, f.clock.steady_now - std::chrono::seconds{seconds - 1});
    };
    wait_for(90'000'000, 50);
    f.pool.requests_waiting = std::nullopt;
    CHECK(f.report()["pool"]["problems"] == kNone);
    wait_for(5'300'000'000, 40);
    wait_for(5'300'000'000, 30);
    pool = f.report()["pool"];
    CHECK(pool["callers_wait"] == true);
    CHECK(pool["problems"] == Json{"callers wait: half of the requests of the last minute waited "
                                   "5.6 s or longer for a worker"});
}

TEST_CASE("of what is older than a minute only the last five minutes tell") {
    Fixture f;
    f.add("worker-01");
    f.add("worker-02");
    f.history.add(f.pool, true, f.clock.steady_now - 200s);
    store::WaitCell& cell = f.pool.totals.waits[static_cast<std::size_t>(http::Endpoint::predict)];
    cell.wait.buckets.at(store::bucket_of(5'300'000'000)) += 10;
    for (const auto ago : {199s, 60s, 0s}) f.history.add(f.pool, true, f.clock.steady_now - ago);
    const Json report = f.report();
    CHECK(report["pool"]["problems"] == kNone);
    CHECK(report["last_minutes"]["1"]["seconds"] == 60);
    CHECK(report["last_minutes"]["5"]["seconds"] == 200);
}
