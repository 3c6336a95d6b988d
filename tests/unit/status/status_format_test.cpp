#include "appcore/status/status_format.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"

using appcore::status::format_value;
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
    CHECK(format_value("ms", 0.0005) == "< 1 µs");
    CHECK(format_value("ms", 0.001) == "1 µs");
    CHECK(format_value("ms", 0.417) == "417 µs");
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
    CHECK(format_value("date", "2026-11-23T03:12:07.000001Z") == "2026-11-23 03:12:07 UTC");
    CHECK(format_value("date", "2026-11-23") == "–");
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
