#include "appcore/status/status_plot.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"

using Json = nlohmann::ordered_json;
using appcore::status::status_plots;

namespace {

Json percentiles(const Json& p50, const Json& p90, const Json& p99) {
    return {{"p50", p50}, {"p90", p90}, {"p99", p99}};
}

const Json kNone = Json::array();

Json history(const Json& requests, const Json& latency_p50, const Json& wait_p99,
             const Json& duration_p90 = kNone) {
    return {{"requests_per_second", requests},
            {"errors_per_second", kNone},
            {"latency_ms", percentiles(latency_p50, kNone, kNone)},
            {"wait_ms", percentiles(kNone, kNone, wait_p99)},
            {"duration_ms", percentiles(kNone, duration_p90, kNone)}};
}

std::string path(const Json& plot, std::size_t line) {
    return plot["lines"][line]["path"];
}

}  // namespace

TEST_CASE("a plot ends at the right edge, breaks at a null, and shows a lonely point") {
    const Json plots = status_plots(history({0, 5, 10}, kNone, kNone));
    CHECK(path(plots[0], 0) == "M303.1 112.0h0.5L307.6 60.0L312.0 8.0");
    CHECK(path(plots[0], 1).empty());
    CHECK(path(status_plots(history({10, nullptr, 10}, kNone, kNone))[0], 0) ==
          "M303.1 8.0h0.5M312.0 8.0h0.5");
    CHECK(path(status_plots(history(Json(std::vector<int>(61, 1)), kNone, kNone))[0], 0)
              .starts_with("M50.4 8.0h0.5L54.9 8.0"));
}

TEST_CASE("the plots of times share a logarithmic axis") {
    const Json plots = status_plots(history({1}, {1, 10}, {100}, {10}));
    REQUIRE(plots.size() == 4);
    CHECK(plots[1]["title"] == "Latency");
    CHECK(path(plots[1], 0) == "M307.6 112.0h0.5L312.0 60.0");
    CHECK(path(plots[2], 2) == "M312.0 8.0h0.5");
    CHECK(plots[3]["title"] == "Duration");
    CHECK(path(plots[3], 0).empty());
    CHECK(path(plots[3], 1) == "M312.0 60.0h0.5");
    for (const std::size_t i : {1U, 2U, 3U}) CHECK(plots[i]["ticks"] == plots[1]["ticks"]);
    CHECK(plots[1]["ticks"][0]["name"] == "1 ms");
    CHECK(plots[1]["ticks"][0]["line"] == "M46.0 112.0H312.0");
    CHECK(plots[1]["ticks"].back()["name"] == "100 ms");
    CHECK(plots[1]["ticks"].back()["text_y"] == "12.0");
}

TEST_CASE("the axis of time has a tick a minute") {
    const Json times = status_plots(history(kNone, kNone, kNone))[0]["times"];
    REQUIRE(times.size() == 6);
    CHECK(times[0]["name"] == "−5 min");
    CHECK(times[0]["x"] == "46.0");
    CHECK(times[0]["anchor"] == "start");
    CHECK(times[4]["name"] == "−1");
    CHECK(times[5]["name"] == "now");
    CHECK(times[5]["line"] == "M312.0 8.0V112.0");
}

TEST_CASE("a plot says in words what it shows") {
    const Json plots = status_plots(history({1, 40, 12.34, nullptr}, {4.2, 1}, kNone));
    CHECK(plots[0]["label"] == "Requests in the last 5 minutes: requests 12.3/s, at most 40.0/s");
    CHECK(plots[0]["empty"] == "");
    CHECK(plots[1]["label"] == "Latency in the last 5 minutes: p50 1.0 ms, at most 4.2 ms");
    CHECK(plots[2]["label"] == "Waiting in the last 5 minutes: no requests");
    CHECK(plots[2]["empty"] == "no requests");
    CHECK(status_plots(history(kNone, kNone, kNone))[0]["empty"] == "nothing known yet");
}
