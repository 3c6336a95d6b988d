#include "appcore/schema/feature_coercion.hpp"

#include <cmath>
#include <limits>

#include "appcore/json/parser.hpp"
#include "catch.hpp"

using appcore::schema::FeatureProblem;
namespace json = appcore::json;

namespace {

appcore::schema::Feature coerced(const std::string& text) {
    const json::ParseResult result = json::parse(text);
    std::string scratch;
    return appcore::schema::coerce_feature(std::get<json::Document>(result), json::Document::kRoot,
                                           scratch);
}

double value_of(const std::string& text) {
    return std::get<double>(coerced(text));
}

FeatureProblem problem_of(const std::string& text) {
    return std::get<FeatureProblem>(coerced(text));
}

}  // namespace

TEST_CASE("numbers, booleans and numeric strings are features", "[schema]") {
    CHECK(value_of("true") == 1.0);
    CHECK(value_of("false") == 0.0);
    CHECK(value_of("-2.5") == -2.5);
    CHECK(value_of("1e-400") == 0.0);
    CHECK(value_of(R"("\u0031_0")") == 10.0);
    CHECK_FALSE(std::signbit(value_of("-0")));
}

TEST_CASE("null, lists and objects are not numbers", "[schema]") {
    CHECK(problem_of("null") == FeatureProblem::not_a_number);
    CHECK(problem_of("[1]") == FeatureProblem::not_a_number);
    CHECK(problem_of("{}") == FeatureProblem::not_a_number);
}

// 2^1024 - 2^970 is half way between the largest double and the next power of two.
TEST_CASE("an integer beyond a double is not a number, unless it rounds to one", "[schema]") {
    const std::string all_but_last_digit =
        "17976931348623158079372897140530341507993413271003782693617377898044496829276475"
        "09466490179775872070963302864166928879109465555478519404026306574886715058206819"
        "08902000708383676273854845817711531764475730270069855571366959622842914819860834"
        "93647529271907416844436551070434271155969950809304288017790417449779";
    CHECK(value_of(all_but_last_digit + "1") == std::numeric_limits<double>::max());
    CHECK(problem_of(all_but_last_digit + "2") == FeatureProblem::not_a_number);
    CHECK(problem_of("1" + std::string(309, '0')) == FeatureProblem::not_a_number);
    CHECK(value_of("1" + std::string(308, '0')) == 1e308);
}

TEST_CASE("floats, tokens and strings that are not finite are told apart from these", "[schema]") {
    CHECK(problem_of("NaN") == FeatureProblem::not_finite);
    CHECK(problem_of("-Infinity") == FeatureProblem::not_finite);
    CHECK(problem_of("1e309") == FeatureProblem::not_finite);
    CHECK(problem_of(R"("nan")") == FeatureProblem::not_finite);
    CHECK(problem_of(R"("in_f")") == FeatureProblem::not_finite);
}

TEST_CASE("strings that are not numbers are not numeric, or not Unicode", "[schema]") {
    CHECK(problem_of(R"("x")") == FeatureProblem::not_numeric);
    CHECK(problem_of(R"("")") == FeatureProblem::not_numeric);
    CHECK(problem_of(R"("1\ud800")") == FeatureProblem::not_unicode);
}
