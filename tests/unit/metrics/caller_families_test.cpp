#include "appcore/metrics/caller_families.hpp"

#include "appcore/metrics/serializer.hpp"
#include "catch.hpp"

using namespace appcore;           // NOLINT(google-build-using-namespace)
using namespace appcore::metrics;  // NOLINT(google-build-using-namespace)

TEST_CASE("replies have a series per key and class, and without any there is no family") {
    store::Callers callers;
    CHECK_FALSE(caller_family(callers));
    store::caller(callers, "team").replies = {7, 0, 2, 0};
    store::caller(callers, "none").replies = {};
    store::caller(callers, "other").replies = {0, 0, 0, 1};
    const auto family = caller_family(callers);
    REQUIRE(family);
    CHECK(Serializer{ExpositionFormat::text}.Serialize({*family}) ==
          "# HELP appcore_key_requests_total Replies to requests with an API key, by its name\n"
          "# TYPE appcore_key_requests_total counter\n"
          "appcore_key_requests_total{key=\"team\",status_class=\"2xx\"} 7.0\n"
          "appcore_key_requests_total{key=\"team\",status_class=\"4xx\"} 2.0\n"
          "appcore_key_requests_total{key=\"other\",status_class=\"5xx\"} 1.0\n");
}
