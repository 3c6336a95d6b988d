#include "appcore/store/request_key.hpp"

#include "catch.hpp"

using namespace appcore;  // NOLINT(google-build-using-namespace)
using appcore::store::request_key;
using appcore::store::time_of_request;

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

TEST_CASE("a request's name tells when the web server had it") {
    using namespace std::chrono_literals;
    CHECK(time_of_request("1795421208.675-12-3-4") == system::WallTime{1795421208675ms});
    CHECK(time_of_request("0.001-") == system::WallTime{1ms});
    for (const std::string_view text :
         {"", "x", "1", "1.", "1.67-", "1.6755-", "1.675", "1.6x5-", "1.+75-", "-1.675-", ".675-1",
          "99999999999999999999.000-1", "253402300800.000-1"}) {
        INFO(text);
        CHECK_FALSE(time_of_request(text));
    }
}
