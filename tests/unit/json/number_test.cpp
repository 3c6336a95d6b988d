#include "appcore/json/number.hpp"

#include <array>
#include <cmath>

#include "catch.hpp"

using namespace appcore::json;

namespace {

std::string repr(double value) {
    std::string text;
    append_float(text, value);
    return text;
}

}  // namespace

TEST_CASE("a number is the longest prefix by JSON's grammar", "[json]") {
    struct Case {
        std::string_view text;
        std::size_t length;
        bool is_integer;
    };
    constexpr std::array<Case, 20> kCases = {{
        {"0", 1, true},      {"-0", 2, true},      {"12,", 2, true},      {"01", 1, true},
        {"-01", 2, true},    {"5.", 1, true},      {"1.e5", 1, true},     {"1e", 1, true},
        {"1e+", 1, true},    {"1.5e-", 3, false},  {"1.5e-7x", 6, false}, {"1E+05", 5, false},
        {"1e5.5", 3, false}, {"-1.25]", 5, false}, {"", 0, false},        {"-", 0, false},
        {"+1", 0, false},    {".5", 0, false},     {"-I", 0, false},      {"x1", 0, false},
    }};
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        CHECK(number_prefix(c.text).length == c.length);
        if (c.length > 0) CHECK(number_prefix(c.text).is_integer == c.is_integer);
    }
}

TEST_CASE("integers have no negative zero, floats have one", "[json]") {
    CHECK_FALSE(std::signbit(parse_number("-0")));
    CHECK(std::signbit(parse_number("-0.0")));
    CHECK(std::signbit(parse_number("-0e5")));
    CHECK(parse_number("-12") == -12.0);
}

// Expected values: Python's repr.
TEST_CASE("floats print their shortest digits like Python's repr", "[json]") {
    CHECK(repr(2.0) == "2.0");
    CHECK(repr(100.0) == "100.0");
    CHECK(repr(-0.0) == "-0.0");
    CHECK(repr(0.0) == "0.0");
    CHECK(repr(0.1) == "0.1");
    CHECK(repr(0.1 + 0.2) == "0.30000000000000004");
    CHECK(repr(123456789.125) == "123456789.125");
    CHECK(repr(1e15) == "1000000000000000.0");
    CHECK(repr(9999999999999998.0) == "9999999999999998.0");
    CHECK(repr(1e16) == "1e+16");
    CHECK(repr(12345678901234567.0) == "1.2345678901234568e+16");
    CHECK(repr(1e22) == "1e+22");
    CHECK(repr(1e23) == "1e+23");
    CHECK(repr(1e100) == "1e+100");
    CHECK(repr(1e-4) == "0.0001");
    CHECK(repr(0.00012345) == "0.00012345");
    CHECK(repr(1e-5) == "1e-05");
    CHECK(repr(-1.5e-7) == "-1.5e-07");
    CHECK(repr(5e-324) == "5e-324");
    CHECK(repr(1.7976931348623157e308) == "1.7976931348623157e+308");
}
