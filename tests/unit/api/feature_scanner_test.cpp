#include "appcore/api/feature_scanner.hpp"

#include <cmath>
#include <string>

#include "catch.hpp"

using appcore::api::scan_features;

namespace {

bool accepts(std::string_view body) {
    std::vector<double> features;
    return scan_features(body, features);
}

double value_of(const std::string& number) {
    std::vector<double> features;
    REQUIRE(scan_features("{\"features\":[" + number + "]}", features));
    REQUIRE(features.size() == 1);
    return features.front();
}

}  // namespace

TEST_CASE("the plain good shape is read with white space anywhere", "[api]") {
    std::vector<double> features = {7, 7, 7};
    REQUIRE(scan_features("{\"features\":[1,-2.5,3e2]}", features));
    CHECK(features == std::vector<double>{1, -2.5, 300});
    REQUIRE(scan_features(" \n{\t\"features\" :\r[ 1 , 2 ] } \n", features));
    CHECK(features == std::vector<double>{1, 2});
}

TEST_CASE("numbers of every length have the nearest double", "[api]") {
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

TEST_CASE("scanned integers have no negative zero, scanned floats have one", "[api]") {
    CHECK_FALSE(std::signbit(value_of("-0")));
    CHECK(std::signbit(value_of("-0.0")));
    CHECK(std::signbit(value_of("-0e1")));
}

TEST_CASE("numbers outside of JSON's grammar are left to the exact way", "[api]") {
    for (const char* const number : {"",
                                     "-",
                                     "01",
                                     "-01",
                                     "00",
                                     "+1",
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
        CHECK_FALSE(accepts(std::string("{\"features\":[") + number + "]}"));
    }
}

TEST_CASE("numbers beyond a double and very long ones are left to the exact way", "[api]") {
    CHECK_FALSE(accepts("{\"features\":[1e309]}"));
    CHECK_FALSE(accepts("{\"features\":[1e-400]}"));
    CHECK_FALSE(accepts("{\"features\":[" + std::string(4301, '1') + "]}"));
    CHECK_FALSE(accepts("{\"features\":[1." + std::string(301, '1') + "]}"));
}

TEST_CASE("every other shape is left to the exact way", "[api]") {
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

TEST_CASE("a body that ends anywhere is not read beyond its end", "[api]") {
    const std::string body = "{\"features\":[-12.5e+3,0.123456789012]}";
    for (std::size_t size = 0; size < body.size(); ++size) {
        const std::string cut = body.substr(0, size);
        CAPTURE(cut);
        CHECK_FALSE(accepts(cut));
    }
    CHECK(accepts(body));
}
