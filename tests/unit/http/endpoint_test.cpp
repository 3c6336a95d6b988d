#include "appcore/http/endpoint.hpp"

#include "appcore/http/status.hpp"
#include "catch.hpp"

using namespace appcore::http;

TEST_CASE("every route is found by its path, and nothing else is") {
    for (std::size_t i = 0; i + 1 < kEndpointCount; ++i) {
        CHECK(find_endpoint(kEndpointPaths[i]) == static_cast<Endpoint>(i));
    }
    CHECK(find_endpoint("other") == Endpoint::other);
    CHECK(find_endpoint("") == Endpoint::other);
}

TEST_CASE("an endpoint allows the methods of its list only") {
    CHECK(allows(Endpoint::health, Method::get));
    CHECK_FALSE(allows(Endpoint::health, Method::head));
    CHECK(allows(Endpoint::docs, Method::head));
    CHECK(allows(Endpoint::predict, Method::post));
    CHECK_FALSE(allows(Endpoint::predict, Method::get));
    CHECK_FALSE(allows(Endpoint::health, Method::other));
    CHECK_FALSE(allows(Endpoint::other, Method::get));
}

TEST_CASE("methods are case-sensitive") {
    CHECK(parse_method("DELETE") == Method::del);
    CHECK(parse_method("delete") == Method::other);
    CHECK(parse_method("other") == Method::other);
    CHECK(parse_method("") == Method::other);
}

TEST_CASE("status codes have their reason, and unknown ones a place of their own") {
    CHECK(reason_phrase(404) == "Not Found");
    CHECK(reason_phrase(299).empty());
    CHECK(status_index(299) == kStatusCodes.size());
    CHECK(kStatusCodes[status_index(422)].code == 422);
}
