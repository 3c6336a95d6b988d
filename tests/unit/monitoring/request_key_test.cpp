#include "appcore/monitoring/request_key.hpp"

#include "catch.hpp"

using appcore::monitoring::parse_request_key;

TEST_CASE("a request key is the 32 hexadecimal digits of nginx's request id") {
    const auto key = parse_request_key("0123456789abcdefFEDCBA9876543210");
    REQUIRE(key);
    CHECK(key->words[0] == 0x0123456789abcdef);
    CHECK(key->words[1] == 0xfedcba9876543210);
    CHECK_FALSE(key->empty());
}

TEST_CASE("anything else is no request key") {
    CHECK_FALSE(parse_request_key(""));
    CHECK_FALSE(parse_request_key("0123456789abcdef0123456789abcde"));
    CHECK_FALSE(parse_request_key("0123456789abcdef0123456789abcdef0"));
    CHECK_FALSE(parse_request_key("0123456789abcdefg123456789abcdef"));
    CHECK_FALSE(parse_request_key("0123456789abcdef-123456789abcdef"));
    CHECK_FALSE(parse_request_key("0x23456789abcdef0123456789abcdef"));
}

TEST_CASE("a key of zeros only is no key") {
    const auto key = parse_request_key("00000000000000000000000000000000");
    REQUIRE(key);
    CHECK(key->empty());
}
