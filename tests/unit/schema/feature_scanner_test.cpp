#include "appcore/schema/feature_scanner.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"

using appcore::schema::scan_features;

namespace {

bool accepts(std::string_view body) {
    std::vector<double> features;
    return scan_features(body, features);
}

// A body with this number alone and one with others around it, which is read in another way.
std::array<std::string, 2> bodies_with(const std::string& number) {
    std::string others;
    for (int i = 0; i < 60; ++i) others += ",2.5";
    return {"{\"features\":[" + number + "]}", "{\"features\":[1.5," + number + others + "]}"};
}

double value_of(const std::string& number) {
    const auto [alone, among_others] = bodies_with(number);
    std::vector<double> features;
    REQUIRE(scan_features(alone, features));
    REQUIRE(features.size() == 1);
    const double value = features.front();
    REQUIRE(scan_features(among_others, features));
    REQUIRE(features.size() == 62);
    REQUIRE(features[0] == 1.5);
    REQUIRE(std::bit_cast<std::uint64_t>(features[1]) == std::bit_cast<std::uint64_t>(value));
    REQUIRE(features[2] == 2.5);
    return value;
}

}  // namespace

TEST_CASE("the plain good shape is read with white space anywhere", "[schema]") {
    std::vector<double> features = {7, 7, 7};
    REQUIRE(scan_features("{\"features\":[1,-2.5,3e2]}", features));
    CHECK(features == std::vector<double>{1, -2.5, 300});
    REQUIRE(scan_features(" \n{\t\"features\" :\r[ 1 , 2 ] } \n", features));
    CHECK(features == std::vector<double>{1, 2});
}

TEST_CASE("numbers of every length have the nearest double", "[schema]") {
    CHECK(value_of("0") == 0.0);
    CHECK(value_of("0.1") == 0.1);
    CHECK(value_of("-0.0000001") == -1e-7);
    CHECK(value_of("0.30000000000000004") == 0.30000000000000004);
    CHECK(value_of("9007199254740993") == 9007199254740992.0);
    CHECK(value_of("9007199254740995") == 9007199254740996.0);
    CHECK(value_of("900719925474099.3") == 900719925474099.25);
    CHECK(value_of("9007199254740993.0000001") == 9007199254740994.0);
    CHECK(value_of("9999999999999999999") == 1e19);
    CHECK(value_of("18446744073709551617") == 18446744073709551616.0);
    CHECK(value_of("6518457191712.0435") == 6518457191712.0435);  // the digits exceed 2^53
    CHECK(value_of("1e-5") == 1e-5);
    CHECK(value_of("1.7976931348623157E+308") == 1.7976931348623157e308);
    CHECK(value_of("5e-324") == 5e-324);
}

TEST_CASE("numbers of any digits have the standard library's double", "[schema]") {
    std::mt19937_64 random(1);
    const auto digits = [&random](std::size_t count) {
        std::string text;
        for (std::size_t i = 0; i < count; ++i)
            text.push_back(static_cast<char>('0' + random() % 10));
        return text;
    };
    for (std::size_t whole = 0; whole <= 21; ++whole) {
        for (std::size_t fraction = 0; fraction <= 21; ++fraction) {
            for (int i = 0; i < 10; ++i) {
                std::string number = random() % 2 == 0 ? "" : "-";
                number += whole == 0 ? "0" : std::to_string(1 + random() % 9) + digits(whole - 1);
                if (fraction != 0) number += "." + digits(fraction);
                if (random() % 8 == 0) number += "e-3";
                double expected = 0;
                std::from_chars(number.data(), number.data() + number.size(), expected);
                CAPTURE(number);
                REQUIRE(value_of(number) == expected);
            }
        }
    }
}

TEST_CASE("scanned integers have no negative zero, scanned floats have one", "[schema]") {
    CHECK_FALSE(std::signbit(value_of("-0")));
    CHECK(std::signbit(value_of("-0.0")));
    CHECK(std::signbit(value_of("-0e1")));
}

TEST_CASE("numbers outside of JSON's grammar are left to the exact way", "[schema]") {
    for (const char* const number : {"",
                                     "-",
                                     "01",
                                     "-01",
                                     "00",
                                     "+1",
                                     "\xAD"
                                     "1",  // a minus with its highest bit set
                                     "--1",
                                     "1-",
                                     "/1",
                                     ".5",
                                     "-.5",
                                     "5.",
                                     "5.e1",
                                     "1e",
                                     "1e+",
                                     "1.5e",
                                     "1.",
                                     "0x10",
                                     "1_0",
                                     "nan",
                                     "inf",
                                     "NaN",
                                     "Infinity",
                                     "-Infinity",
                                     "1.123456789.1",
                                     "12345678901234567890.",
                                     "1.12345678e",
                                     "1 2",
                                     "1f"}) {
        CAPTURE(number);
        for (const std::string& body : bodies_with(number)) CHECK_FALSE(accepts(body));
    }
}

TEST_CASE("numbers beyond a double and very long ones are left to the exact way", "[schema]") {
    CHECK_FALSE(accepts("{\"features\":[1e309]}"));
    CHECK_FALSE(accepts("{\"features\":[1e-400]}"));
    CHECK_FALSE(accepts("{\"features\":[" + std::string(4301, '1') + "]}"));
    CHECK_FALSE(accepts("{\"features\":[1." + std::string(301, '1') + "]}"));
}

TEST_CASE("every other shape is left to the exact way", "[schema]") {
    for (const char* const body : {"",
                                   " ",
                                   "{",
                                   "{}",
                                   "[1]",
                                   "{\"features\":[]}",
                                   "{\"features\":[1,]}",
                                   "{\"features\":[,1]}",
                                   "{\"features\":[1]",
                                   "{\"features\":[1",
                                   "{\"features\":[1,",
                                   "{\"features\":[1]}x",
                                   "{\"features\":[1]}}",
                                   "{\"features\":[1],\"a\":1}",
                                   "{\"a\":1,\"features\":[1]}",
                                   "{\"feature\":[1]}",
                                   "{\"\\u0066eatures\":[1]}",
                                   "{\"features\":[[1]]}",
                                   "{\"features\":[\"1\"]}",
                                   "{\"features\":[true]}",
                                   "{\"features\":1}",
                                   "{\"features\"[1]}",
                                   "\xEF\xBB\xBF{\"features\":[1]}",
                                   "{\"features\":[1\v]}",
                                   "{\"features\":[1]}\xA0"}) {
        CAPTURE(body);
        CHECK_FALSE(accepts(body));
    }
}

TEST_CASE("a body that ends anywhere is not read beyond its end", "[schema]") {
    for (const std::string& body : bodies_with("-12.5e+3,0.123456789012,1234567890.123456")) {
        for (std::size_t size = 0; size <= body.size(); ++size) {
            // A block of its own, for AddressSanitizer.
            const std::vector<char> cut(body.begin(),
                                        body.begin() + static_cast<std::ptrdiff_t>(size));
            CAPTURE(size);
            CHECK(accepts({cut.data(), cut.size()}) == (size == body.size()));
        }
    }
}
