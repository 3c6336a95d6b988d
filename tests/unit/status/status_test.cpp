#include "appcore/status/status.hpp"

#include <nlohmann/json.hpp>

#include "appcore/api/app.hpp"
#include "appcore/status/status_page.hpp"
#include "catch.hpp"
#include "fakes.hpp"

using namespace appcore;
using http::Header;
using Json = nlohmann::ordered_json;

namespace {

struct Fixture {
    fakes::Clock clock;
    fakes::Ids ids;
    fakes::Observer observer;
    metrics::Collector collector{"/nonexistent"};
    metrics::History history{collector};
    std::string name = "scoring";
    http::Response response;

    http::Response& get(std::string_view accept, std::string_view method = "GET") {
        const status::ServiceFacts facts{name, "1.2.3", 2, std::chrono::seconds{30}};
        api::App app(
            {{http::Endpoint::status, status::status_action(collector, history, clock, facts)}},
            ids, observer);
        http::Request request;
        request.method = http::parse_method(method);
        request.method_name = method;
        request.target = "/status";
        request.headers[static_cast<std::size_t>(Header::accept)] = accept;
        response.clear();
        app.handle(request, response);
        return response;
    }
    [[nodiscard]] bool has(std::string_view text) const {
        return response.headers().find(text) != std::string::npos;
    }
};

}  // namespace

TEST_CASE("/status is JSON unless HTML is preferred, and is not kept by anybody") {
    Fixture f;
    CHECK(f.get("*/*").status() == 200);
    CHECK(f.has("Content-Type: application/json\r\n"));
    CHECK(Json::parse(f.response.body)["service"]["name"] == "scoring");
    CHECK_FALSE(f.has("Content-Security-Policy"));
    for (const std::string_view accept : {"*/*", "text/html"}) {
        f.get(accept);
        CHECK(f.has("Cache-Control: no-store\r\n"));
        CHECK(f.has("Vary: Accept\r\n"));
        CHECK(f.has("X-Content-Type-Options: nosniff\r\n"));
        CHECK(f.has("X-Request-ID: "));
    }
    CHECK(f.has("Content-Type: text/html; charset=utf-8\r\n"));
    CHECK(f.has("Content-Security-Policy: " + status::StatusPage().policy() + "\r\n"));
    CHECK(f.has("Referrer-Policy: no-referrer\r\n"));
    CHECK(f.response.body.starts_with("<!DOCTYPE html>"));
    CHECK(f.observer.seen.size() == 3);
    CHECK(f.observer.seen[0].endpoint == http::Endpoint::status);
}

TEST_CASE("/status takes GET and HEAD only") {
    Fixture f;
    CHECK(f.get("*/*", "HEAD").status() == 200);
    CHECK(f.response.body_omitted());
    CHECK(f.get("*/*", "POST").status() == 405);
    CHECK(f.has("Allow: GET, HEAD\r\n"));
}

TEST_CASE("a state directory that is away is a problem in the report, not an error") {
    Fixture f;
    const Json pool = Json::parse(f.get("*/*").body)["pool"];
    CHECK(pool["healthy"] == false);
    CHECK(pool["problems"].size() == 2);
}

TEST_CASE("a name that is not UTF-8 and looks like markup does no harm") {
    Fixture f;
    f.name = "<b>\xff</b>";
    CHECK(f.get("*/*").status() == 200);
    CHECK(Json::parse(f.response.body)["service"]["name"] == "<b>\xef\xbf\xbd</b>");
    CHECK(f.get("text/html").status() == 200);
    CHECK(f.response.body.find("&lt;b&gt;\xff&lt;/b&gt;") != std::string::npos);
    CHECK(f.observer.failures.empty());
}
