#include "appcore/store/request_key.hpp"

#include "catch.hpp"

using appcore::store::request_key;

TEST_CASE("the same name is the same key, another name another one", "[store]") {
    const auto key = request_key("1764140000.123-57-3-1");
    CHECK_FALSE(key.empty());
    CHECK(key == request_key("1764140000.123-57-3-1"));
    CHECK_FALSE(key == request_key("1764140000.123-57-3-2"));
    CHECK_FALSE(key == request_key("1764140000.123-57-3-"));
}

TEST_CASE("a request without a name has no key", "[store]") {
    CHECK(request_key("").empty());
}
