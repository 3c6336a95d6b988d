#include "appcore/metrics/exemplars.hpp"

#include "appcore/metrics/duration_families.hpp"
#include "appcore/metrics/exposition.hpp"
#include "appcore/metrics/families.hpp"
#include "store/slot_fixture.hpp"

using namespace appcore::metrics;  // NOLINT(google-build-using-namespace)
using namespace slot_fixture;      // NOLINT(google-build-using-namespace)

namespace {

RequestRecord traced(RequestRecord record, const char* trace, system::WallTime time) {
    record.trace = trace_id_of(trace);
    record.time = time;
    return record;
}

const char* const kFirst = "4bf92f3577b34da6a3ce929d0e0e4736";
const char* const kSecond = "00000000000000000000000000000002";
const system::WallTime kTime{1'795'421'208'675'400us};

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++found;
    return found;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// A scrape of a pool of two workers that have each counted one of the requests.
std::string scrape(const RequestRecord& first, const RequestRecord& second, const char* accept) {
    const TemporaryDirectory directory;
    Recorder one(options(directory.path(), "worker-01"));
    Recorder two(options(directory.path(), "worker-02"));
    REQUIRE_FALSE(one.maintain(kNoon));
    REQUIRE_FALSE(two.maintain(kNoon));
    one.record_request(first);
    two.record_request(second);
    Collector collector(directory.path());
    const PoolSnapshot pool = collector.collect();
    auto families = service_families(pool, "0.1.0");
    for (auto& family : duration_families(pool.totals)) families.push_back(std::move(family));
    return render_exposition(families, accept, "", Exemplars(pool.exemplars)).body;
}

const char* const kOpenMetrics = "application/openmetrics-text";

}  // namespace

// OpenMetrics 1.0, "Exemplars": # {labels} value timestamp.
TEST_CASE("a bucket of a fine histogram has its exemplar behind its value, in OpenMetrics") {
    RequestRecord record = traced(prediction(), kFirst, kTime);
    record.wait = 3ms;
    const std::string text = scrape(record, health_check(), kOpenMetrics);
    const std::string begin = std::string(" 1.0 # {trace_id=\"") + kFirst + "\"} ";
    const std::string end = " 1795421208.675\n";
    CHECK(has(
        text,
        R"(appcore_request_duration_seconds_bucket{endpoint="/predict",le="0.0072",method="POST"})" +
            begin + "0.007" + end));
    CHECK(has(text, R"(appcore_request_wait_seconds_bucket{endpoint="/predict",le="0.00373"})" +
                        begin + "0.003" + end));
    CHECK(has(text, R"(appcore_request_latency_seconds_bucket{endpoint="/predict",le="0.01"})" +
                        begin + "0.01" + end));
    CHECK(has(text,
              R"(appcore_prediction_duration_seconds_bucket{le="0.00268",model_version="v1.0"})" +
                  begin + "0.002" + end));
    CHECK(count(text, "# {") == 4);
}

TEST_CASE("text 0.0.4 has no exemplars") {
    const std::string text = scrape(traced(prediction(), kFirst, kTime), health_check(), "");
    CHECK_FALSE(has(text, "# {"));
    CHECK_FALSE(has(text, kFirst));
}

TEST_CASE("of two workers' exemplars of one bucket the later is shown") {
    const auto shown = [](const RequestRecord& first, const RequestRecord& second) {
        const std::string text = scrape(first, second, kOpenMetrics);
        CHECK(count(text, "# {") == 3);  // no waiting is known
        CHECK(has(text, kFirst) != has(text, kSecond));
        return has(text, kSecond);
    };
    CHECK(shown(traced(prediction(), kFirst, kTime), traced(prediction(), kSecond, kTime + 1us)));
    CHECK_FALSE(
        shown(traced(prediction(), kFirst, kTime + 1us), traced(prediction(), kSecond, kTime)));
}

TEST_CASE("an exemplar lies within its bucket, also at the bounds and beyond them") {
    for (const auto duration :
         {0ns, 1ns, 10'000ns, 10'001ns, 37'300'000'000ns, 37'300'000'001ns, 1'000'000'000'000ns}) {
        RequestRecord record = traced(health_check(duration), kFirst, kTime);
        const TemporaryDirectory directory;
        const Exemplars exemplars(
            {Exemplar{record.trace, record.time, http::Method::get, http::Endpoint::health,
                      duration, std::nullopt, std::nullopt, ""}});
        const SeriesExemplars* const series =
            exemplars.find(metric::kRequestLatency.name, {{"endpoint", "/health"}});
        REQUIRE(series != nullptr);
        for (std::size_t i = 0; i < series->size(); ++i) {
            const auto value = static_cast<Word>(duration.count());
            const bool belongs = (i == 0 || value > kFineBounds[i - 1]) &&
                                 (i == kFineBounds.size() || value <= kFineBounds[i]);
            CHECK(series->at(i).has_value() == belongs);
        }
    }
}

TEST_CASE("a series without exemplars has none of another one's") {
    const Exemplars exemplars(
        {Exemplar{trace_id_of(kFirst), kTime, http::Method::get, http::Endpoint::health, 1ms,
                  std::nullopt, std::nullopt, ""}});
    CHECK(exemplars.find(metric::kRequestLatency.name, {{"endpoint", "/predict"}}) == nullptr);
    CHECK(exemplars.find(metric::kRequestWait.name, {{"endpoint", "/health"}}) == nullptr);
    CHECK(exemplars.find(metric::kHttpRequestDuration.name,
                         {{"endpoint", "/health"}, {"method", "GET"}}) == nullptr);
}
