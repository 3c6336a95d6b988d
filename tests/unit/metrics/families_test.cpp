#include "appcore/metrics/families.hpp"

#include "appcore/metrics/serializer.hpp"
#include "store/slot_fixture.hpp"

using namespace appcore::metrics;  // NOLINT(google-build-using-namespace)
using namespace slot_fixture;      // NOLINT(google-build-using-namespace)

namespace {

std::string text_of(const PoolSnapshot& pool) {
    return Serializer{ExpositionFormat::text}.Serialize(service_families(pool, "0.1.0"));
}

}  // namespace

// The old service's first scrape, without what the runtime of Python adds. Only app_health_status
// differs from it on purpose: it is 1 as soon as the pool is healthy.
TEST_CASE("the metrics look as those of the old service") {
    PoolSnapshot pool;
    RequestCell& cell = pool.totals.cell(static_cast<std::size_t>(http::Method::get),
                                         static_cast<std::size_t>(http::Endpoint::openapi));
    cell.replies[0] = 1;
    cell.buckets[0] = 1;
    cell.sum_ns = 4'352'827;
    CHECK(text_of(pool) ==
          R"(# HELP http_requests_total Total HTTP requests
# TYPE http_requests_total counter
http_requests_total{endpoint="/openapi.json",method="GET",status_code="200"} 1.0
# HELP http_request_duration_seconds HTTP request duration in seconds
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{endpoint="/openapi.json",le="0.005",method="GET"} 1.0
http_request_duration_seconds_bucket{endpoint="/openapi.json",le="0.01",method="GET"} 1.0
http_request_duration_seconds_bucket{endpoint="/openapi.json",le="0.025",method="GET"} 1.0
http_request_duration_seconds_bucket{endpoint="/openapi.json",le="0.05",method="GET"} 1.0
http_request_duration_seconds_bucket{endpoint="/openapi.json",le="0.1",method="GET"} 1.0
http_request_duration_seconds_bucket{endpoint="/openapi.json",le="0.25",method="GET"} 1.0
http_request_duration_seconds_bucket{endpoint="/openapi.json",le="0.5",method="GET"} 1.0
http_request_duration_seconds_bucket{endpoint="/openapi.json",le="1.0",method="GET"} 1.0
http_request_duration_seconds_bucket{endpoint="/openapi.json",le="2.5",method="GET"} 1.0
http_request_duration_seconds_bucket{endpoint="/openapi.json",le="5.0",method="GET"} 1.0
http_request_duration_seconds_bucket{endpoint="/openapi.json",le="10.0",method="GET"} 1.0
http_request_duration_seconds_bucket{endpoint="/openapi.json",le="+Inf",method="GET"} 1.0
http_request_duration_seconds_count{endpoint="/openapi.json",method="GET"} 1.0
http_request_duration_seconds_sum{endpoint="/openapi.json",method="GET"} 0.004352827
# HELP predictions_total Total predictions made
# TYPE predictions_total counter
# HELP prediction_duration_seconds Prediction inference duration
# TYPE prediction_duration_seconds histogram
# HELP app_health_status Application health (1=healthy, 0=unhealthy)
# TYPE app_health_status gauge
app_health_status 0.0
# HELP app_info Application metadata
# TYPE app_info gauge
app_info{version="0.1.0"} 1.0
)");
}

TEST_CASE("predictions appear by model version and outcome") {
    PoolSnapshot pool;
    PredictionCell& cell = pool.totals.model("v1.0");
    cell.outcomes = {4, 0};
    cell.buckets[bucket_of(900'000)] = 3;
    cell.buckets.back() = 1;
    cell.sum_ns = 6'000'000'000;
    const std::string text = text_of(pool);
    const auto has = [&text](const std::string& line) {
        return text.find("\n" + line + "\n") != std::string::npos;
    };
    CHECK(has(R"(predictions_total{model_version="v1.0",status="success"} 4.0)"));
    CHECK(text.find(R"(status="error")") == std::string::npos);
    CHECK(has(R"(prediction_duration_seconds_bucket{le="0.001",model_version="v1.0"} 3.0)"));
    CHECK(has(R"(prediction_duration_seconds_bucket{le="5.0",model_version="v1.0"} 3.0)"));
    CHECK(has(R"(prediction_duration_seconds_bucket{le="+Inf",model_version="v1.0"} 4.0)"));
    CHECK(has(R"(prediction_duration_seconds_count{model_version="v1.0"} 4.0)"));
    CHECK(has(R"(prediction_duration_seconds_sum{model_version="v1.0"} 6.0)"));
}

TEST_CASE("health and unlisted statuses have their values") {
    PoolSnapshot pool;
    WorkerState worker;
    worker.is_alive = true;
    worker.health = Health::healthy;
    pool.workers.push_back(worker);
    RequestCell& cell = pool.totals.cell(static_cast<std::size_t>(http::Method::other),
                                         static_cast<std::size_t>(http::Endpoint::other));
    cell.replies.back() = 1;
    cell.buckets.back() = 1;
    const std::string text = text_of(pool);
    CHECK(text.find("\napp_health_status 1.0\n") != std::string::npos);
    CHECK(text.find(
              R"(http_requests_total{endpoint="other",method="other",status_code="other"} 1.0)") !=
          std::string::npos);
}
