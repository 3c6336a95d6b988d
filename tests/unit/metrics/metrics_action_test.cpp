#include "appcore/metrics/metrics_action.hpp"

#include <string>
#include <string_view>

#include "appcore/api/app.hpp"
#include "catch.hpp"
#include "fakes.hpp"

using namespace appcore;

TEST_CASE("a cache is told what a scrape depends on, but for the old service's spelling") {
    const fakes::Clock clock;
    fakes::Ids ids;
    fakes::Observer observer;
    metrics::Collector collector("/nonexistent");
    api::App app{
        {{http::Endpoint::metrics, metrics::metrics_action(collector, {"1.2.3", "abc", 2}, clock)}},
        ids,
        observer};
    const auto headers_of = [&app](std::string_view target) {
        http::Request request;
        request.method = http::parse_method("GET");
        request.method_name = "GET";
        request.target = target;
        http::Response response;
        app.handle(request, response);
        CHECK(response.status() == 200);
        return std::string(response.headers());
    };
    CHECK(headers_of("/metrics").find("Vary: Accept, Accept-Encoding\r\n") != std::string::npos);
    CHECK(headers_of("/metrics/").find("Vary:") == std::string::npos);
}
