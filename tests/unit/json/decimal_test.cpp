#include "appcore/json/decimal.hpp"

#include <clocale>
#include <cmath>
#include <limits>
#include <string>

#include "catch.hpp"

using appcore::json::parse_decimal;

namespace {

std::string zeros(std::size_t count) {
    return std::string(count, '0');
}

}  // namespace

TEST_CASE("decimals give the nearest double", "[json]") {
    CHECK(parse_decimal("0.1") == 0.1);
    CHECK(parse_decimal("-2.5e3") == -2500.0);
    CHECK(parse_decimal("9007199254740993") == 9007199254740992.0);
    CHECK(parse_decimal("9007199254740993.0000000001") == 9007199254740994.0);
    CHECK(parse_decimal("5.") == 5.0);
    CHECK(parse_decimal(".5") == 0.5);
    CHECK(parse_decimal("1e00000000000000000001") == 10.0);
}

TEST_CASE("too large is an infinity, too small a zero with its sign", "[json]") {
    const double infinity = std::numeric_limits<double>::infinity();
    CHECK(parse_decimal("1e309") == infinity);
    CHECK(parse_decimal("-1e309") == -infinity);
    CHECK(parse_decimal("1.7976931348623158e308") == std::numeric_limits<double>::max());
    CHECK(parse_decimal("1.7976931348623159e308") == infinity);
    CHECK(parse_decimal("1e99999999999999999999") == infinity);
    CHECK(parse_decimal("1e-400") == 0.0);
    CHECK(std::signbit(parse_decimal("-1e-400")));
    CHECK(parse_decimal("1e-99999999999999999999") == 0.0);
    CHECK(parse_decimal("0e99999999999999999999") == 0.0);
    CHECK(parse_decimal("3e-324") == std::numeric_limits<double>::denorm_min());
    CHECK(parse_decimal("2e-324") == 0.0);
}

TEST_CASE("every digit of a long decimal counts", "[json]") {
    // Half way between 1 and the next double: down to even, unless a digit follows far behind.
    const std::string half = "1.00000000000000011102230246251565404236316680908203125";
    CHECK(parse_decimal(half) == 1.0);
    CHECK(parse_decimal(half + zeros(2000)) == 1.0);
    CHECK(parse_decimal(half + zeros(2000) + "1") > 1.0);
}

TEST_CASE("a long run of zeros is balanced by its exponent", "[json]") {
    const double infinity = std::numeric_limits<double>::infinity();
    CHECK(parse_decimal("0." + zeros(800'000) + "1e800001") == 1.0);
    CHECK(parse_decimal("25" + zeros(800'000) + "e-800001") == 2.5);
    CHECK(parse_decimal("0." + zeros(80'000) + "1e800001") == infinity);
    CHECK(parse_decimal("0." + zeros(2'000'000) + "1e3000000") == infinity);
    CHECK(parse_decimal("0." + zeros(2000) + "1e1000") == 0.0);
    CHECK(parse_decimal("1" + zeros(2000) + "e-1000") == infinity);
    CHECK(parse_decimal(zeros(5000) + "7") == 7.0);
    CHECK(parse_decimal(zeros(5000)) == 0.0);
}

TEST_CASE("decimals do not depend on the locale", "[json]") {
    const std::string before = std::setlocale(LC_NUMERIC, nullptr);
    const bool comma = std::setlocale(LC_NUMERIC, "de_DE.UTF-8") != nullptr;
    CHECK(parse_decimal("1.5") == 1.5);
    std::setlocale(LC_NUMERIC, before.c_str());
    if (!comma) WARN("no locale with a decimal comma is installed");
}
