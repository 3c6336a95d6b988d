#include "appcore/status/status_format.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"

using appcore::status::format_value;
using appcore::status::plot_path;
using appcore::status::PlotKind;
using Json = nlohmann::ordered_json;

TEST_CASE("counts have commas between thousands") {
    CHECK(format_value("count", 0) == "0");
    CHECK(format_value("count", 999) == "999");
    CHECK(format_value("count", 1'000) == "1,000");
    CHECK(format_value("count", 12'345'678) == "12,345,678");
}

TEST_CASE("rates, ratios and latencies have about three digits and a unit") {
    CHECK(format_value("rate", 0) == "0/s");
    CHECK(format_value("rate", 0.417) == "0.42/s");
    CHECK(format_value("rate", 12.34) == "12.3/s");
    CHECK(format_value("rate", 1234.4) == "1,234/s");
    CHECK(format_value("percent", 0) == "0 %");
    CHECK(format_value("percent", 0.00001) == "< 0.01 %");
    CHECK(format_value("percent", 0.00123) == "0.12 %");
    CHECK(format_value("percent", 1) == "100.0 %");
    CHECK(format_value("ms", 0.417) == "0.42 ms");
    CHECK(format_value("ms", 2.5) == "2.5 ms");
    CHECK(format_value("ms", 417.2) == "417 ms");
    CHECK(format_value("ms", 4'170) == "4.2 s");
    CHECK(format_value("ms", 37'299) == "37.3 s");
    CHECK(format_value("ms", 37'300) == "≥ 37 s");
    CHECK(format_value("bytes", 4'404'019) == "4.2 MiB");
}

TEST_CASE("durations have the units that matter") {
    CHECK(format_value("duration", 0.04) == "0.0 s");
    CHECK(format_value("duration", 9.9) == "9.9 s");
    CHECK(format_value("duration", 119.9) == "119 s");
    CHECK(format_value("duration", 120) == "2 min");
    CHECK(format_value("duration", 7'199) == "119 min");
    CHECK(format_value("duration", 3 * 3600 + 20 * 60) == "3 h 20 min");
    CHECK(format_value("duration", 4 * 86400 + 2 * 3600) == "4 d 2 h");
}

TEST_CASE("times of day and texts") {
    CHECK(format_value("clock", "2026-11-23T03:12:07.000001Z") == "03:12:07 UTC");
    CHECK(format_value("clock", "2026") == "–");
    CHECK(format_value("text", "<b>") == "<b>");
    CHECK(format_value("text", 4711) == "4711");
    CHECK(format_value("text", Json{"v1.0", "v1.1"}) == "v1.0, v1.1");
}

TEST_CASE("a list is shown by its largest number") {
    CHECK(format_value("rate", Json{1, nullptr, 12, 3}) == "12.0/s");
    CHECK(format_value("rate", Json{nullptr, 0}) == "0/s");
    CHECK(format_value("rate", Json::array()) == "–");
}

TEST_CASE("what is not known or not of that kind is a dash") {
    CHECK(format_value("ms", nullptr) == "–");
    CHECK(format_value("ms", "fast") == "–");
    CHECK(format_value("count", true) == "–");
    CHECK(format_value("text", Json::array()) == "–");
    CHECK(format_value("nothing", 1) == "–");
}

TEST_CASE("a plot ends at the right edge, scales to its largest value, and breaks at a null") {
    const auto line = [](const Json& values) { return plot_path(values, PlotKind::line); };
    CHECK(line({0, 5, 10}) == "M57 19.00h0.5L58 10.00L59 1.00");
    CHECK(line({4, nullptr, 4}) == "M57 1.00h0.5M59 1.00h0.5");
    CHECK(line({0, 0}) == "M58 19.00h0.5L59 19.00");
    CHECK(line(Json::array()).empty());
    CHECK(line(nullptr).empty());
    CHECK(line(Json(std::vector<int>(61, 1))).starts_with("M0 1.00h0.5L1 1.00"));
}

TEST_CASE("the area below a plot reaches down to its base") {
    CHECK(plot_path({0, 5, nullptr, 10}, PlotKind::area) ==
          "M56 19V19.00h0.5L57 10.00V19ZM59 19V1.00h0.5V19Z");
}
