#include "appcore/api/ready.hpp"

#include "appcore/api/app.hpp"
#include "catch.hpp"
#include "fakes.hpp"

using namespace appcore;

namespace {

struct Fixture {
    fakes::Clock clock;
    fakes::Ids ids;
    fakes::Observer observer;
    bool can_predict = true;
    http::Request request;
    http::Response response;
    api::App app{{{http::Endpoint::ready, api::ready_action([this] { return can_predict; })}},
                 ids,
                 observer};

    http::Response& get(std::string_view method = "GET") {
        request.method = http::parse_method(method);
        request.method_name = method;
        request.target = "/ready";
        response.clear();
        app.handle(request, response);
        return response;
    }
    [[nodiscard]] bool has(std::string_view text) const {
        return response.headers().find(text) != std::string::npos;
    }
};

}  // namespace

TEST_CASE("/ready is 200 while the pool can predict and 503 otherwise") {
    Fixture f;
    CHECK(f.get().status() == 200);
    CHECK(f.response.body == R"({"status":"ready"})");
    CHECK(f.has("Cache-Control: no-store\r\n"));
    f.can_predict = false;
    CHECK(f.get().status() == 503);
    CHECK(f.response.body == R"({"detail":"No worker can predict"})");
    CHECK(f.has("Retry-After: 1\r\n"));
    CHECK(f.has("Cache-Control: no-store\r\n"));
}

TEST_CASE("/ready is 503 while the machine drains, although the pool can predict") {
    Fixture f;
    f.request.is_draining = true;
    CHECK(f.get().status() == 503);
    CHECK(f.response.body == R"({"detail":"Draining"})");
}

TEST_CASE("/ready takes GET and HEAD only") {
    Fixture f;
    CHECK(f.get("HEAD").status() == 200);
    CHECK(f.response.body_omitted());
    CHECK(f.get("POST").status() == 405);
    CHECK(f.has("Allow: GET, HEAD\r\n"));
}

TEST_CASE("/ready has an id, but neither a count nor a log line unless nginx has refused it") {
    Fixture f;
    f.get();
    CHECK(f.has("X-Request-ID: "));
    CHECK(f.observer.seen.empty());
    f.request.error_status = 429;
    f.get();
    CHECK(f.observer.seen.size() == 1);
}
