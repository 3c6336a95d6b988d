#include "appcore/metrics/duration_families.hpp"

#include <algorithm>
#include <string>

#include "appcore/metrics/serializer.hpp"
#include "store/slot_fixture.hpp"

using namespace appcore::metrics;  // NOLINT(google-build-using-namespace)
using namespace slot_fixture;      // NOLINT(google-build-using-namespace)

namespace {

std::string text_of(const Totals& totals) {
    return Serializer{ExpositionFormat::text}.Serialize(duration_families(totals));
}

bool has(const std::string& text, const std::string& line) {
    return text.find("\n" + line + "\n") != std::string::npos;
}

auto lines_with(const std::string& text, const std::string& what) {
    long count = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
    return count;
}

}  // namespace

TEST_CASE("durations have a series per method and endpoint in 48 buckets") {
    Totals totals;
    RequestCell& cell = totals.cell(2, 2);
    cell.buckets = buckets({{9us, 1}, {50us, 2}, {5ms, 1}, {40s, 1}});
    cell.sum_ns = 40'005'109'000;
    const std::string text = text_of(totals);
    const auto bucket = [&](const std::string& bound, int count) {
        return has(text, "appcore_request_duration_seconds_bucket{endpoint=\"/predict\",le=\"" +
                             bound + "\",method=\"POST\"} " + std::to_string(count) + ".0");
    };
    CHECK(bucket("1e-05", 1));
    CHECK(bucket("3.73e-05", 1));
    CHECK(bucket("5.18e-05", 3));
    CHECK(bucket("0.00373", 3));
    CHECK(bucket("0.00518", 4));
    CHECK(bucket("37.3", 4));
    CHECK(bucket("+Inf", 5));
    CHECK(lines_with(text, "appcore_request_duration_seconds_bucket{") == 48);
    CHECK(has(text,
              R"(appcore_request_duration_seconds_count{endpoint="/predict",method="POST"} 5.0)"));
    CHECK(has(
        text,
        R"(appcore_request_duration_seconds_sum{endpoint="/predict",method="POST"} 40.005109)"));
}

TEST_CASE("waiting and latency have a series per endpoint, predictions one per model") {
    Totals totals;
    totals.waits[2] = {{20'000'000, buckets({{20ms, 1}})}, {27'000'000, buckets({{27ms, 1}})}};
    totals.model("v1.0").buckets = buckets({{2ms, 1}});
    const std::string text = text_of(totals);
    CHECK(has(text, R"(appcore_request_wait_seconds_bucket{endpoint="/predict",le="0.0193"} 0.0)"));
    CHECK(has(text, R"(appcore_request_wait_seconds_bucket{endpoint="/predict",le="0.0268"} 1.0)"));
    CHECK(has(text, R"(appcore_request_wait_seconds_sum{endpoint="/predict"} 0.02)"));
    CHECK(has(text, R"(appcore_request_latency_seconds_count{endpoint="/predict"} 1.0)"));
    CHECK(has(text, R"(appcore_request_latency_seconds_sum{endpoint="/predict"} 0.027)"));
    CHECK(has(text, R"(appcore_prediction_duration_seconds_count{model_version="v1.0"} 1.0)"));
    CHECK(lines_with(text, "_bucket{") == 3 * 48);
}
