#include "appcore/status/status_numbers.hpp"

#include <nlohmann/json.hpp>

#include "appcore/http/status.hpp"
#include "catch.hpp"

using namespace appcore;
using Json = nlohmann::ordered_json;
using metrics::Traffic;

namespace {

// 100 requests in 8 s, 25 of them errors; 80 below 5 ms, 20 up to 10 ms.
Traffic traffic() {
    Traffic result;
    result.time = std::chrono::seconds{8};
    result.requests = 100;
    result.errors = 25;
    result.latency[0] = 80;
    result.latency[1] = 20;
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

// p50: 5 ms * 50/80; p90: 5 ms + 5 ms * 10/20; p95: 5 ms + 5 ms * 15/20; p99: 5 ms + 5 ms * 19/20.
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

TEST_CASE("rates are per second, ratios of the requests, latencies in milliseconds") {
    CHECK(status::traffic_json(traffic()).dump() ==
          R"({"seconds":8.0,"requests_per_second":12.5,"errors_per_second":3.125,)"
          R"("error_ratio":0.25,"latency_ms":{"p50":3.125,"p90":7.5,"p95":8.75,"p99":9.75}})");
}

TEST_CASE("of nothing all is null, and of no requests only the rate is known") {
    CHECK(status::traffic_json({}).dump() ==
          R"({"seconds":0.0,"requests_per_second":null,"errors_per_second":null,)"
          R"("error_ratio":null,"latency_ms":{"p50":null,"p90":null,"p95":null,"p99":null}})");
    Traffic idle;
    idle.time = std::chrono::seconds{4};
    const Json json = status::traffic_json(idle);
    CHECK(json["requests_per_second"] == 0);
    CHECK(json["error_ratio"].is_null());
}

TEST_CASE("the history is a list for each plot") {
    CHECK(status::history_json({traffic(), {}}).dump() ==
          R"({"step_seconds":5,"requests_per_second":[12.5,null],)"
          R"("errors_per_second":[3.125,null],"p50_ms":[3.125,null],"p99_ms":[9.75,null]})");
    CHECK(status::history_json({}).dump() ==
          R"({"step_seconds":5,"requests_per_second":[],"errors_per_second":[],"p50_ms":[],)"
          R"("p99_ms":[]})");
}
