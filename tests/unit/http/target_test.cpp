#include "appcore/http/target.hpp"

#include <string>

#include "catch.hpp"

using namespace appcore::http;

namespace {

std::string decoded(std::string_view path) {
    std::string out;
    append_decoded(out, path);
    return out;
}

std::string quoted(std::string_view query) {
    std::string out;
    append_quoted(out, query);
    return out;
}

}  // namespace

TEST_CASE("a target is split at its first question mark, without its fragment") {
    CHECK(split_target("/a?b?c=d").path == "/a");
    CHECK(split_target("/a?b?c=d").query == "b?c=d");
    CHECK(split_target("/a").query.empty());
    CHECK(split_target("/a?").query.empty());
    CHECK(split_target("/a#b?c").path == "/a");
    CHECK(split_target("/a?b#c").query == "b");
    CHECK(split_target("").path.empty());
}

TEST_CASE("a path is decoded once, and what is not an escape stays") {
    CHECK(decoded("/he%61lth") == "/health");
    CHECK(decoded("/%2568ealth") == "/%68ealth");
    CHECK(decoded("/a%") == "/a%");
    CHECK(decoded("/a%2") == "/a%2");
    CHECK(decoded("/a%zz%4") == "/a%zz%4");
    CHECK(decoded("/%c3%A9") == "/\xc3\xa9");
    CHECK(decoded("/%00") == std::string("/\0", 2));
}

TEST_CASE("a route is found by its decoded path, byte by byte") {
    CHECK(route("/health") == Endpoint::health);
    CHECK(route("/h%65alth") == Endpoint::health);
    CHECK(route("/docs%2Foauth2-redirect") == Endpoint::docs_oauth2_redirect);
    for (const std::string_view path :
         {"", "/", "//health", "/health/", "/Health", "/healthz", "/health%0a", "/health%20",
          "/health/.", "/x/../health", "/health%3Fx=1", "/%2568ealth", "other", "/other"}) {
        CAPTURE(path);
        CHECK(route(path) == Endpoint::other);
    }
}

TEST_CASE("the metrics answer to the old service's spelling, too") {
    CHECK(route("/metrics") == Endpoint::metrics);
    CHECK(route("/metrics/") == Endpoint::metrics);
    CHECK(route("/%6detrics%2F") == Endpoint::metrics);
    CHECK(route("/metrics//") == Endpoint::other);
    CHECK(route("/metricsfoo") == Endpoint::other);
    CHECK(route("/metrics/foo") == Endpoint::other);
}

TEST_CASE("a path leads to a route once its trailing slashes are gone") {
    CHECK(route_without_slashes("/health/") == Endpoint::health);
    CHECK(route_without_slashes("/health%2F") == Endpoint::health);
    CHECK(route_without_slashes("/health//%2f/") == Endpoint::health);
    CHECK(route_without_slashes("/predict" + std::string(5000, '/')) == Endpoint::predict);
    CHECK(route_without_slashes("/health") == Endpoint::other);
    CHECK(route_without_slashes("/") == Endpoint::other);
    CHECK(route_without_slashes("//health/") == Endpoint::other);
    CHECK(route_without_slashes("/nope/") == Endpoint::other);
}

TEST_CASE("a path longer than every route is not a route, whatever follows") {
    CHECK(route("/health" + std::string(5000, 'x')) == Endpoint::other);
    CHECK(route("/health" + std::string(60, '/') + "x/health") == Endpoint::other);
    CHECK(route_without_slashes("/health" + std::string(100, '/') + "x/") == Endpoint::other);
}

TEST_CASE("a query keeps safe bytes and escapes, and has all others percent-encoded") {
    CHECK(quoted("a=1&b=%20x") == "a=1&b=%20x");
    CHECK(quoted("x[]=1&y={z}|") == "x[]=1&y=%7Bz%7D%7C");
    CHECK(quoted("\"'<>\\^`") == "%22'%3C%3E%5C%5E%60");
    CHECK(quoted("\xc3\xa9\xff") == "%C3%A9%FF");
    CHECK(quoted("-._~:/%#?=@!$&()*+,;") == "-._~:/%#?=@!$&()*+,;");
}

TEST_CASE("only a bare host with an optional port may stand in a redirect") {
    for (const std::string_view host : {"h.example", "X.Example:81", "127.0.0.1:8000", "[::1]",
                                        "[::1]:80", "[fe80::1.2.3.4]:1", "a-b"}) {
        CAPTURE(host);
        CHECK(is_usable_host(host));
    }
    for (const std::string_view host :
         {"", ":80", "a b", "x.example:", "x.example:8a", "x/y", "x?y", "user@x", "\xe9", "a_b",
          "[]", "[1]", "[::1", "::1", "[::1]80", "[::g]", "a:1:2", "[1.2:3]", "[a:]"}) {
        CAPTURE(host);
        CHECK_FALSE(is_usable_host(host));
    }
}
