#include "appcore/status/status_numbers.hpp"

#include <nlohmann/json.hpp>

#include "appcore/http/status.hpp"
#include "catch.hpp"

using namespace appcore;
using Json = nlohmann::ordered_json;
using metrics::Traffic;

namespace {

// 100 requests in 8 s, 25 of them errors; 80 took 3 ms, 20 9 ms; half of them waited for 20 ms.
Traffic traffic() {
    Traffic result;
    result.time = std::chrono::seconds{8};
    result.requests = 100;
    result.errors = 25;
    result.duration[store::bucket_of(3'000'000)] = 80;
    result.duration[store::bucket_of(9'000'000)] = 20;
    result.wait[store::bucket_of(0)] = 50;
    result.wait[store::bucket_of(20'000'000)] = 50;
    result.latency[store::bucket_of(3'000'000)] = 50;
    result.latency[store::bucket_of(23'000'000)] = 50;
    return result;
}

}  // namespace

TEST_CASE("totals add up all cells, in the order of the statuses") {
    store::Totals totals;
    const auto reply = [&totals](std::size_t method, std::size_t endpoint, int status) {
        ++totals.cell(method, endpoint).replies[http::status_index(status)];
    };
    reply(0, 9, 503);
    reply(2, 2, 201);
    reply(0, 0, 200);
    reply(0, 8, 200);
    reply(7, 9, 299);  // in no list
    totals.model("v1.0").outcomes = {3, 1};
    totals.model("v1.1").outcomes = {2, 0};
    CHECK(status::totals_json(totals).dump() ==
          R"({"requests":5,"errors":1,"predictions":6,)"
          R"("by_status":{"200":2,"201":1,"503":1,"other":1}})");
    CHECK(status::totals_json({}).dump() ==
          R"({"requests":0,"errors":0,"predictions":0,"by_status":{}})");
}

TEST_CASE("errors are what begins with a 5") {
    store::Totals totals;
    for (const int status : {431, 500, 504}) {
        totals.cell(0, 0).replies[http::status_index(status)] = 1;
    }
    CHECK(status::totals_json(totals)["errors"] == 2);
}

TEST_CASE("numbers are rounded to thousandths") {
    CHECK(status::rounded(1.0004999).dump() == "1.0");
    CHECK(status::rounded(1.0005001).dump() == "1.001");
    CHECK(status::rounded(std::nullopt).is_null());
}

// A percentile is the geometric mean of its bucket's bounds: 2.68 and 3.16 ms, 8.48 and 10 ms, 19.3
// and 22.8 ms, 22.8 and 25 ms (of the old bounds); half the first bound, 1 us, for what is below.
TEST_CASE("rates are per second, ratios of the requests, latencies in milliseconds") {
    CHECK(status::traffic_json(traffic()).dump() ==
          R"({"seconds":8.0,"requests_per_second":12.5,"errors_per_second":3.125,)"
          R"("error_ratio":0.25,)"
          R"("latency_ms":{"p50":2.91012,"p90":23.87467,"p95":23.87467,"p99":23.87467},)"
          R"("wait_ms":{"p50":0.0005,"p90":20.97713,"p95":20.97713,"p99":20.97713},)"
          R"("duration_ms":{"p50":2.91012,"p90":9.20869,"p95":9.20869,"p99":9.20869}})");
}

TEST_CASE("of nothing all is null, and of no requests only the rate is known") {
    CHECK(status::traffic_json({}).dump() ==
          R"({"seconds":0.0,"requests_per_second":null,"errors_per_second":null,)"
          R"("error_ratio":null,"latency_ms":{"p50":null,"p90":null,"p95":null,"p99":null},)"
          R"("wait_ms":{"p50":null,"p90":null,"p95":null,"p99":null},)"
          R"("duration_ms":{"p50":null,"p90":null,"p95":null,"p99":null}})");
    Traffic idle;
    idle.time = std::chrono::seconds{4};
    const Json json = status::traffic_json(idle);
    CHECK(json["requests_per_second"] == 0);
    CHECK(json["error_ratio"].is_null());
}

TEST_CASE("the history is a list for each line of a plot") {
    const Json history = status::history_json({traffic(), {}});
    CHECK(history.dump().starts_with(
        R"({"step_seconds":5,"requests_per_second":[12.5,null],)"
        R"("errors_per_second":[3.125,null],"p50_ms":[2.91012,null],"p99_ms":[23.87467,null],)"
        R"("latency_ms":{"p50":[2.91012,null],"p90":[23.87467,null],"p99":[23.87467,null]},)"
        R"("wait_ms":{"p50":[0.0005,null],)"));
    CHECK(history["duration_ms"]["p90"] == Json{9.20869, nullptr});
    CHECK(status::history_json({})["wait_ms"].dump() == R"({"p50":[],"p90":[],"p99":[]})");
}
