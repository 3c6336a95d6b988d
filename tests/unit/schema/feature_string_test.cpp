#include "appcore/schema/feature_string.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "catch.hpp"

using namespace std::string_view_literals;
using appcore::schema::parse_feature_string;

// Expected values in this file: what the old service made of {"features": ["<text>"]}.
TEST_CASE("decimal strings are numbers", "[schema]") {
    struct Case {
        std::string_view text;
        double value;
    };
    constexpr std::array<Case, 15> kCases = {{{"7.25", 7.25},
                                              {"5.", 5},
                                              {".5", 0.5},
                                              {"-.5", -0.5},
                                              {"+1.5", 1.5},
                                              {"1e3", 1000},
                                              {"1.E+2", 100},
                                              {"00012", 12},
                                              {"1e-400", 0},
                                              {"1_000", 1000},
                                              {"1_.5", 1.5},
                                              {"1._5", 1.5},
                                              {"1e_1", 10},
                                              {"1_e1", 10},
                                              {"-_1", -1}}};
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        const std::optional<double> value = parse_feature_string(c.text);
        REQUIRE(value);
        CHECK(*value == c.value);
    }
}

TEST_CASE("inf, infinity and nan are recognised in any case", "[schema]") {
    const double infinity = std::numeric_limits<double>::infinity();
    for (const char* const text : {"inf", "+Inf", "INFINITY", "in_f", "1e309"}) {
        CAPTURE(text);
        CHECK(parse_feature_string(text) == infinity);
    }
    CHECK(parse_feature_string("-infinity") == -infinity);
    for (const char* const text : {"nan", "NaN", "+nan", "-NAN", "n_an", " nan\t"}) {
        CAPTURE(text);
        const std::optional<double> value = parse_feature_string(text);
        REQUIRE(value);
        CHECK(std::isnan(*value));
    }
}

TEST_CASE("white space by Unicode's property is trimmed, nothing else is", "[schema]") {
    for (const std::string_view space : {"\t",     "\n",
                                         "\v",     "\f",
                                         "\r",     " ",
                                         "\u0085", "\u00A0",
                                         "\u1680", "\u2000",
                                         "\u2001", "\u2002",
                                         "\u2003", "\u2004",
                                         "\u2005", "\u2006",
                                         "\u2007", "\u2008",
                                         "\u2009", "\u200A",
                                         "\u2028", "\u2029",
                                         "\u202F", "\u205F",
                                         "\u3000", " \u3000\n\u2028 "}) {
        const std::string text = std::string(space) + "-2" + std::string(space);
        CAPTURE(text);
        CHECK(parse_feature_string(text) == -2.0);
    }
    for (const std::string_view other : {"\0"sv, "\x1C"sv, "\x1D"sv, "\x1E"sv, "\x1F"sv, "\x7F"sv,
                                         "\u200B"sv, "\u2060"sv, "\uFEFF"sv, "\u180E"sv}) {
        const std::string text = std::string(other) + "2";
        CAPTURE(text);
        CHECK_FALSE(parse_feature_string(text));
        CHECK_FALSE(parse_feature_string("2" + std::string(other)));
    }
}

TEST_CASE("underscores and white space do not go together", "[schema]") {
    CHECK_FALSE(parse_feature_string(" 1_000 "));
    CHECK_FALSE(parse_feature_string("1_000\n"));
}

TEST_CASE("other strings are not numbers", "[schema]") {
    for (const char* const text :
         {"",     " ",    "+",    "-",       ".",     "e5",     "1e",        "1e+",  "++1",  "-+1",
          "1 0",  "1,5",  "0x10", "1f",      "1.2.3", "_1",     "1_",        "1__0", "_",    "abc",
          "true", "None", "in",   "infinit", "nan()", "-e_1.5", "infinity_", "- 1",  "1e1.5"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_feature_string(text));
    }
    for (const char* const text : {"\u0661", "\uFF11", "\u00BD", "\u22121", "\u221E"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_feature_string(text));
    }
}
