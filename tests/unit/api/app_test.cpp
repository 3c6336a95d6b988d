#include "appcore/api/app.hpp"

#include <stdexcept>
#include <string>

#include "allocations.hpp"
#include "appcore/api/request_id.hpp"
#include "appcore/api/routes.hpp"
#include "appcore/guard/sanitizer.hpp"
#include "appcore/http/target.hpp"
#include "appcore/schema/validation_error.hpp"
#include "catch.hpp"
#include "fakes.hpp"

using namespace appcore;
using http::BodyState;
using http::Endpoint;
using http::Header;

namespace {

struct Fixture {
    fakes::Clock clock;
    fakes::Ids ids;
    fakes::Observer observer;
    fakes::CountingModel model;
    api::App app{api::worker_routes(model, clock, ids), ids, observer};
    http::Response response;

    http::Response& handle(std::string_view method, std::string_view target,
                           std::string_view body = "") {
        request.method = http::parse_method(method);
        request.method_name = method;
        request.target = target;
        request.body = body;
        response.clear();
        app.handle(request, response);
        return response;
    }
    void set(Header header, std::string_view value) {
        request.headers[static_cast<std::size_t>(header)] = value;
    }
    [[nodiscard]] bool has(std::string_view header_line) const {
        return ("\r\n" + response.headers()).find("\r\n" + std::string(header_line) + "\r\n") !=
               std::string::npos;
    }
    http::Request request;
};

constexpr std::string_view kNotFound = R"({"detail":"Not Found"})";

}  // namespace

TEST_CASE("a prediction is answered as the old service did") {
    Fixture f;
    CHECK(f.handle("POST", "/predict", R"({"features":[1,2,4]})").status() == 201);
    CHECK(f.response.body == R"({"prediction_id":")" + std::string(fakes::kSecondId) +
                                 R"(","result":3.0,"model_version":"test-v1","created_at":")" +
                                 std::string(fakes::kWallNow) + R"("})");
    CHECK(f.has("Content-Type: application/json"));
    CHECK(f.has("X-Request-ID: " + std::string(fakes::kFirstId)));
    REQUIRE(f.observer.seen.size() == 1);
    CHECK(f.observer.seen[0].predicted);
    CHECK(f.observer.seen[0].endpoint == Endpoint::predict);
}

TEST_CASE("a refused body is not counted as a prediction") {
    Fixture f;
    CHECK(f.handle("POST", "/predict", R"({"features":[]})").status() == 422);
    CHECK(f.has("Content-Type: application/json"));
    CHECK(f.response.body ==
          R"({"detail":[{"type":"too_short","loc":["body","features"],)"
          R"("msg":"List should have at least 1 item after validation, not 0","input":[],)"
          R"("ctx":{"field_type":"List","min_length":1,"actual_length":0}}]})");
    CHECK_FALSE(f.observer.seen[0].predicted);
}

TEST_CASE("an unhealthy model predicts nothing, and /health reports it") {
    Fixture f;
    f.model.healthy = false;
    CHECK(f.handle("POST", "/predict", R"({"features":[1]})").status() == 503);
    CHECK(f.has("Retry-After: 1"));
    CHECK_FALSE(f.observer.seen[0].predicted);
    CHECK(f.handle("GET", "/health").status() == 503);
    CHECK(
        f.response.body ==
        R"({"detail":{"status":"unhealthy","checks":{"model_loaded":false,"uptime_seconds":0.0}}})");
}

TEST_CASE("a worker is healthy from its first moment, and its uptime is on the steady clock") {
    Fixture f;
    CHECK(f.handle("GET", "/health").status() == 200);
    CHECK(f.response.body == R"({"status":"healthy","timestamp":")" + std::string(fakes::kWallNow) +
                                 R"(","checks":{"model_loaded":true,"uptime_seconds":0.0}})");
    f.clock.wall_now -= std::chrono::hours(5);
    f.clock.steady_now += std::chrono::milliseconds(3076);
    f.handle("GET", "/health");
    CHECK(f.response.body.find(R"("uptime_seconds":3.08})") != std::string::npos);
}

TEST_CASE("the version names service, API and model") {
    Fixture f;
    f.handle("GET", "/version?x=%ff");
    CHECK(f.response.body == R"({"version":")" APPCORE_VERSION
                             R"(","api_version":"v1","model_version":"test-v1"})");
}

TEST_CASE("pages and document take GET and HEAD") {
    Fixture f;
    const std::string_view path = GENERATE("/docs", "/redoc", "/docs/oauth2-redirect");
    CHECK(f.handle("GET", path).status() == 200);
    CHECK(f.has("Content-Type: text/html; charset=utf-8"));
    CHECK(f.response.body.substr(0, 15) == "<!DOCTYPE html>");
    CHECK_FALSE(f.response.body_omitted());
    CHECK(f.handle("HEAD", path).status() == 200);
    CHECK(f.response.body_omitted());
    CHECK(f.handle("GET", "/openapi.json").status() == 200);
    CHECK(f.has("Content-Type: application/json"));
}

TEST_CASE("a wrong method is a 405 that names the right ones") {
    Fixture f;
    CHECK(f.handle("GET", "/predict").status() == 405);
    CHECK(f.has("Allow: POST"));
    CHECK(f.response.body == R"({"detail":"Method Not Allowed"})");
    CHECK(f.handle("HEAD", "/health").status() == 405);
    CHECK(f.response.body_omitted());
    CHECK(f.handle("PROPFIND", "/docs").status() == 405);
    CHECK(f.has("Allow: GET, HEAD"));
    CHECK(f.handle("OPTIONS", "/health").status() == 405);
}

TEST_CASE("an unknown path is a 404 under one label") {
    Fixture f;
    for (const std::string_view path : {"/nope", "/", "", "/HEALTH", "/metricsfoo", "/health%0a"}) {
        CHECK(f.handle("GET", path).status() == 404);
        CHECK(f.response.body == kNotFound);
        CHECK(f.observer.seen.back().endpoint == Endpoint::other);
    }
    CHECK(f.observer.seen.back().path == "/health\n");
}

TEST_CASE("a path with slashes behind it is redirected for any method") {
    Fixture f;
    f.set(Header::host, "h.example:81");
    for (const std::string_view method : {"GET", "HEAD", "POST", "DELETE", "OPTIONS", "LINK"}) {
        CHECK(f.handle(method, "/predict%2F?x={1}&y=%20").status() == 307);
        CHECK(f.has("Location: http://h.example:81/predict?x=%7B1%7D&y=%20"));
        CHECK(f.response.body.empty());
        CHECK(f.response.headers().find("Content-Type") == std::string::npos);
    }
    f.handle("GET", "/metrics//?");
    CHECK(f.has("Location: http://h.example:81/metrics"));
}

TEST_CASE("a redirect without a usable host goes to the server's own address") {
    Fixture f;
    f.request.server_addr = "10.0.0.2";
    f.request.server_port = "8000";
    f.handle("GET", "/health/");
    CHECK(f.has("Location: http://10.0.0.2:8000/health"));
    f.set(Header::host, "evil.example/x?");
    f.request.server_port = "80";
    f.handle("GET", "/health/");
    CHECK(f.has("Location: http://10.0.0.2/health"));
    f.request.server_addr = "::1";
    f.handle("GET", "/health/");
    CHECK(f.has("Location: http://[::1]/health"));
    f.request.server_port = "8000";
    f.handle("GET", "/health/?a");
    CHECK(f.has("Location: http://[::1]:8000/health?a"));
    f.set(Header::host, "[2001:db8::1]:81");
    f.handle("GET", "/health/");
    CHECK(f.has("Location: http://[2001:db8::1]:81/health"));
}

TEST_CASE("a redirect keeps the scheme in which the caller has asked") {
    Fixture f;
    f.request.scheme = "https";
    f.set(Header::host, "h.example");
    f.handle("GET", "/health/");
    CHECK(f.has("Location: https://h.example/health"));
    f.set(Header::host, "");
    f.request.server_addr = "10.0.0.2";
    f.request.server_port = "443";
    f.handle("GET", "/health/");
    CHECK(f.has("Location: https://10.0.0.2/health"));
    f.request.server_port = "80";
    f.handle("GET", "/health/");
    CHECK(f.has("Location: https://10.0.0.2:80/health"));
}

TEST_CASE("a sane request id is echoed, any other is replaced") {
    Fixture f;
    for (const std::string& sane :
         {std::string("a"), std::string(128, 'x'), std::string("a b~!")}) {
        f.set(Header::x_request_id, sane);
        f.handle("GET", "/version");
        CHECK(f.has("X-Request-ID: " + sane));
        CHECK(f.observer.seen.back().request_id == sane);
    }
    for (const std::string& odd :
         {std::string(), std::string(129, 'x'), std::string("a\tb"), std::string("caf\xe9"),
          std::string("a\x7f"), std::string("a\0b", 3)}) {
        f.ids.count = 0;
        f.set(Header::x_request_id, odd);
        f.handle("GET", "/nope");
        CHECK(f.has("X-Request-ID: " + std::string(fakes::kFirstId)));
    }
}

TEST_CASE("requests are observed with their status") {
    Fixture f;
    f.handle("GET", "/version");
    CHECK(f.observer.seen.at(0).status == 200);
}

TEST_CASE("what nginx refused is answered with its status, and preflights of it are refused too") {
    Fixture f;
    f.request.error_status = 413;
    f.set(Header::origin, "http://a");
    f.set(Header::access_control_request_method, "POST");
    CHECK(f.handle("OPTIONS", "/predict").status() == 413);
    CHECK(f.response.body == R"({"detail":"Content Too Large"})");
    CHECK(f.has("Access-Control-Allow-Origin: *"));
    CHECK(f.observer.seen.back().endpoint == Endpoint::predict);
    CHECK(f.observer.seen.back().status == 413);
    f.request.error_status = 503;
    f.handle("GET", "");
    CHECK(f.has("Retry-After: 1"));
    f.request.error_status = 401;
    f.handle("GET", "");
    CHECK(f.response.body == R"({"detail":"Unauthorized"})");
    CHECK(f.has("WWW-Authenticate: Bearer realm=\"appcore\""));
    f.request.error_status = 429;
    f.handle("GET", "");
    CHECK_FALSE(f.has("WWW-Authenticate"));
    CHECK(f.has("Retry-After: 1"));
    f.request.error_status = 413;
    f.handle("GET", "");
    CHECK(f.response.headers().find("Retry-After") == std::string::npos);
    f.request.error_status = 405;
    f.handle("TRACE", "/health");
    CHECK(f.has("Allow: GET"));
    f.request.error_status = 299;
    CHECK(f.handle("GET", "/health").status() == 502);
}

TEST_CASE("a preflight is answered on every path, also where there is no route") {
    Fixture f;
    f.set(Header::origin, "http://a");
    f.set(Header::access_control_request_method, "POST");
    for (const std::string_view path : {"/predict", "/nope"}) {
        CHECK(f.handle("OPTIONS", path).status() == 200);
        CHECK(f.response.body == "OK");
        CHECK(f.has("X-Request-ID: " + f.observer.seen.back().request_id));
    }
}

TEST_CASE("a request for the metrics that nginx refused is counted like any other") {
    Fixture f;
    f.request.error_status = 413;
    CHECK(f.handle("GET", "/metrics").status() == 413);
    CHECK(f.has("X-Request-ID: " + std::string(fakes::kFirstId)));
    CHECK(f.observer.seen.size() == 1);
}

TEST_CASE("what an action did before it threw is forgotten, and scripts may read the reply") {
    fakes::Clock clock;
    fakes::Ids ids;
    fakes::Observer observer;
    api::App app({{Endpoint::predict,
                   [](const http::Request&, http::Response&, api::Outcome& outcome) {
                       outcome.prediction = std::chrono::milliseconds(1);
                       throw std::runtime_error("no luck");
                   }}},
                 ids, observer);
    http::Request request;
    request.method = http::Method::post;
    request.target = "/predict";
    request.headers[static_cast<std::size_t>(Header::origin)] = "http://a";
    http::Response response;
    app.handle(request, response);
    CHECK_FALSE(observer.seen.at(0).predicted);
    CHECK(response.headers().find("Access-Control-Allow-Origin: *\r\n") != std::string::npos);
}

TEST_CASE(
    "the memory of a usual list or path serves the next request, that of a huge one does not") {
    if (guard::kHasSanitizer) return;  // which counts no allocations
    // How often a small request allocates after a large one.
    const auto allocations_after = [](std::size_t features, std::size_t path) {
        Fixture f;
        std::string list = "1";
        for (std::size_t i = 1; i < features; ++i) list.append(",1");
        f.handle("POST", "/predict", R"({"features":[)" + list + "]}");
        f.handle("GET", std::string(path, '/'));
        f.observer.seen.reserve(10);
        const allocations::Counter counter;
        f.handle("POST", "/predict", R"({"features":[1,2,3]})");
        f.handle("GET", "/a/path/that/is/too/long/for/a/small/string");
        return allocations::Counter::count();
    };
    const int usual = allocations_after(100'000, 3000);
    CHECK(allocations_after(200'000, 3000) > usual);
    CHECK(allocations_after(100'000, 10'000) > usual);
}

TEST_CASE("the reply to an error has the id of the failed request, as its worker has named it") {
    Fixture f;
    f.request.key = "1764140000.123-57-3-1";
    const std::string id = "X-Request-ID: " + std::string(api::id_of_failed(f.request.key).text());
    f.handle("GET", "/health");
    CHECK_FALSE(f.has(id));
    f.request.error_status = 502;
    f.handle("GET", "/health");
    CHECK(f.has(id));
    f.request.key = "1764140000.123-57-3-2";
    f.handle("GET", "/health");
    CHECK_FALSE(f.has(id));
    f.set(Header::x_request_id, "mine");
    f.handle("GET", "/health");
    CHECK(f.has("X-Request-ID: mine"));
}

TEST_CASE("a body that did not come whole is refused on every path") {
    Fixture f;
    f.request.body_state = BodyState::too_large;
    CHECK(f.handle("POST", "/nope").status() == 413);
    f.request.body_state = BodyState::length_mismatch;
    CHECK(f.handle("POST", "/predict", R"({"features":[1]})").status() == 400);
    CHECK(f.response.body == R"({"detail":"There was an error parsing the body"})");
}

TEST_CASE("a request that there is no memory for is a 503 with id, log line and count") {
    fakes::Clock clock;
    fakes::Ids ids;
    fakes::Observer observer;
    api::App app({{Endpoint::health, [](const http::Request&, http::Response&,
                                        api::Outcome&) { throw std::bad_alloc(); }}},
                 ids, observer);
    http::Request request;
    request.method = http::Method::get;
    request.target = "/health";
    http::Response response;
    CHECK_THROWS_AS(app.handle(request, response), std::bad_alloc);
    CHECK(observer.seen.empty());
    response.clear();
    request.body_state = BodyState::no_memory;
    app.handle(request, response);
    CHECK(response.status() == 503);
    CHECK(response.headers().find("Retry-After: 1\r\n") != std::string::npos);
    CHECK(response.headers().find("X-Request-ID: ") != std::string::npos);
    CHECK(observer.failures == std::vector<std::string>{"no memory for its body or its reply"});
    CHECK(observer.seen.at(0).status == 503);
}

TEST_CASE("an echo that would be larger than any reply is a 413") {
    Fixture f;
    f.set(Header::content_type, "text/plain");
    const std::size_t six_bytes_each = schema::ValidationErrors::kMaxReply / 6;
    CHECK(f.handle("POST", "/predict", std::string(six_bytes_each - 1000, '\1')).status() == 422);
    CHECK(f.response.body.size() <= schema::ValidationErrors::kMaxReply);
    REQUIRE(f.handle("POST", "/predict", std::string(six_bytes_each, '\1')).status() == 413);
    CHECK(f.response.body == R"({"detail":"Content Too Large"})");
}

TEST_CASE("an action that throws is a 503 with id, log line and count") {
    fakes::Clock clock;
    fakes::Ids ids;
    fakes::Observer observer;
    api::App app({{Endpoint::health,
                   [](const http::Request&, http::Response& response, api::Outcome&) {
                       response.set(200, http::kJson, "half a rep");
                       throw std::runtime_error("no luck");
                   }}},
                 ids, observer);
    http::Request request;
    request.method = http::Method::get;
    request.target = "/health";
    http::Response response;
    app.handle(request, response);
    CHECK(response.status() == 503);
    CHECK(response.body == R"({"detail":"Service Unavailable"})");
    CHECK(response.headers() ==
          "Content-Type: application/json\r\nRetry-After: 1\r\n"
          "X-Request-ID: " +
              std::string(fakes::kFirstId) + "\r\n");
    CHECK(observer.failures == std::vector<std::string>{"no luck"});
    CHECK(observer.seen.at(0).status == 503);
}

TEST_CASE("the pool's state is not shared with other origins") {
    Fixture f;
    f.set(Header::origin, "http://a");
    f.handle("GET", "/status");
    CHECK(f.response.headers().find("Access-Control") == std::string::npos);
    f.handle("GET", "/nope");
    CHECK(f.has("Access-Control-Allow-Origin: *"));

    api::App failing({{Endpoint::status, [](const http::Request&, http::Response&,
                                            api::Outcome&) { throw std::runtime_error("x"); }}},
                     f.ids, f.observer);
    f.request.target = "/status";
    f.response.clear();
    failing.handle(f.request, f.response);
    CHECK(f.response.status() == 503);
    CHECK(f.response.headers().find("Access-Control") == std::string::npos);
}

TEST_CASE("the metrics have neither id nor count") {
    fakes::Clock clock;
    fakes::Ids ids;
    fakes::Observer observer;
    api::App app(
        {{Endpoint::metrics, [](const http::Request&, http::Response& response,
                                api::Outcome&) { response.set(200, http::kPlainText, "x 1\n"); }}},
        ids, observer);
    http::Request request;
    request.method = http::Method::get;
    request.headers[static_cast<std::size_t>(Header::origin)] = "http://a";
    const auto headers = [&](std::string_view path) {
        http::Response response;
        request.target = path;
        app.handle(request, response);
        return std::string(response.headers());
    };
    const std::string content_type = "Content-Type: text/plain; charset=utf-8\r\n";
    CHECK(headers("/metrics") == content_type);  // for operators, as /status
    CHECK(headers("/metrics/") == content_type + "Access-Control-Allow-Origin: *\r\n");
    CHECK(observer.seen.empty());
}
