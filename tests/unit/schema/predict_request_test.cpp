#include "appcore/schema/predict_request.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "allocations.hpp"
#include "appcore/schema/validation_error.hpp"
#include "catch.hpp"

using namespace std::string_view_literals;
using appcore::schema::read_predict_request;
using appcore::schema::Rejection;

namespace {

constexpr std::string_view kJsonType = "application/json";

// The features that were read; a failure if the body is refused.
std::vector<double> accepted(std::string_view body, std::string_view content_type = kJsonType) {
    std::vector<double> features = {-1, -1};
    const std::optional<Rejection> rejection =
        read_predict_request(content_type, body, {}, features);
    INFO(body);
    if (rejection) FAIL(rejection->body);
    return features;
}

Rejection refused(std::string_view body, std::string_view content_type = kJsonType) {
    std::vector<double> features;
    const std::optional<Rejection> rejection =
        read_predict_request(content_type, body, {}, features);
    INFO(body);
    REQUIRE(rejection);
    return *rejection;
}

// The items of a 422, without the frame around them.
std::string items(std::string_view body, std::string_view content_type = kJsonType) {
    const Rejection rejection = refused(body, content_type);
    CHECK(rejection.status == 422);
    constexpr std::string_view kOpening = R"({"detail":[)";
    CHECK(rejection.body.starts_with(kOpening));
    CHECK(rejection.body.ends_with("]}"));
    return rejection.body.substr(kOpening.size(), rejection.body.size() - kOpening.size() - 2);
}

void check_unparsable(std::string_view body, std::string_view content_type = kJsonType) {
    const Rejection rejection = refused(body, content_type);
    CHECK(rejection.status == 400);
    CHECK(rejection.body == R"({"detail":"There was an error parsing the body"})");
}

const std::string kNotAnObject =
    R"({"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary )"
    R"(or object to extract fields from","input":)";
const std::string kNotAList =
    R"({"type":"list_type","loc":["body","features"],"msg":"Input should be a valid list",)"
    R"("input":)";
const std::string kTooShort =
    R"({"type":"too_short","loc":["body","features"],"msg":"List should have at least 1 item )"
    R"(after validation, not 0","input":[],)"
    R"("ctx":{"field_type":"List","min_length":1,"actual_length":0}})";
const std::string kNoBody =
    R"({"type":"missing","loc":["body"],"msg":"Field required","input":null})";
const std::string kNoFeatures =
    R"({"type":"missing","loc":["body","features"],"msg":"Field required","input":)";

std::string feature_item(std::string_view type, int index, std::string_view message,
                         std::string_view input) {
    return R"({"type":")" + std::string(type) + R"(","loc":["body","features",)" +
           std::to_string(index) + R"(],"msg":")" + std::string(message) + R"(","input":)" +
           std::string(input) + "}";
}

std::string float_type(int index, std::string_view input) {
    return feature_item("float_type", index, "Input should be a valid number", input);
}

std::string float_parsing(int index, std::string_view input) {
    return feature_item("float_parsing", index,
                        "Input should be a valid number, unable to parse string as a number",
                        input);
}

std::string not_finite(int index, std::string_view input) {
    return feature_item("finite_number", index, "Input should be a finite number", input);
}

std::string json_invalid(int position, std::string_view message) {
    return R"({"type":"json_invalid","loc":["body",)" + std::to_string(position) +
           R"(],"msg":"JSON decode error","input":{},"ctx":{"error":")" + std::string(message) +
           R"("}})";
}

}  // namespace

// Expected values: the old service's replies, unless a test says otherwise.

TEST_CASE("good bodies replace the features", "[schema]") {
    CHECK(accepted(R"({"features":[1,2.5]})") == std::vector<double>{1, 2.5});
    CHECK(accepted(R"({"x":[{}],"features":[4]})") == std::vector<double>{4});
    CHECK(accepted(R"({"features":[],"features":[3]})") == std::vector<double>{3});
    CHECK(accepted(R"({"\u0066eatures":[true,false,"1_0"]})") == std::vector<double>{1, 0, 10});
    CHECK(accepted(R"({"features":[1e-400," -2\t"]})") == std::vector<double>{0, -2});
}

TEST_CASE("an absent body, null included, is missing under any content type", "[schema]") {
    CHECK(items("") == kNoBody);
    CHECK(items("", "text/plain") == kNoBody);
    CHECK(items("null") == kNoBody);
    CHECK(items(" null\n") == kNoBody);
}

TEST_CASE("a body is JSON unless its content type says otherwise", "[schema]") {
    CHECK(accepted(R"({"features":[1]})", "") == std::vector<double>{1});
    CHECK(accepted(R"({"features":[1]})", "application/x+json") == std::vector<double>{1});
    CHECK(items(R"({"features":[1]})", "text/plain") == kNotAnObject + R"("{\"features\":[1]}"})");
    CHECK(items("日\"\n", "text/plain") == kNotAnObject + R"("日\"\n"})");
    CHECK(items("null", "text/plain") == kNotAnObject + R"("null"})");
}

// Deviation: the old service failed.
TEST_CASE("a body of another type that is not UTF-8 is echoed with U+FFFD", "[schema]") {
    CHECK(items("a\xFF\xE2\x82", "text/plain") == kNotAnObject + "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"}");
}

TEST_CASE("bodies in UTF-16 and UTF-32 are read, with or without a mark", "[schema]") {
    const std::string ascii = R"({"features":[1,2]})";
    std::string utf16;
    std::string utf32;
    for (const char c : ascii) {
        utf16 += {'\0', c};
        utf32 += {c, '\0', '\0', '\0'};
    }
    CHECK(accepted(utf16) == std::vector<double>{1, 2});
    CHECK(accepted("\xFE\xFF" + utf16) == std::vector<double>{1, 2});
    CHECK(accepted(utf32) == std::vector<double>{1, 2});
    CHECK(accepted("\xEF\xBB\xBF" + ascii) == std::vector<double>{1, 2});
}

TEST_CASE("what cannot be decoded or is too much for the parser is a 400", "[schema]") {
    check_unparsable("\xFF");
    check_unparsable("\xFF", "");
    check_unparsable("{\"features\":[\"\xC0\xAF\"]}");
    check_unparsable("{\"features\":[1]}\xC3");
    check_unparsable("\xFF\xFE{");
    check_unparsable("[" + std::string(4301, '9') + "]");
    check_unparsable(std::string(9985, '['));
}

TEST_CASE("syntax errors are told with their position in characters", "[schema]") {
    CHECK(items(" ") == json_invalid(1, "Expecting value"));
    CHECK(items(R"({"features":[1,]})") ==
          json_invalid(14, "Illegal trailing comma before end of array"));
    CHECK(items(R"({"é":[1,]})") == json_invalid(7, "Illegal trailing comma before end of array"));
    CHECK(items("\xEF\xBB\xBF[x") == json_invalid(1, "Expecting value"));
    CHECK(items("\"\0\0\xD8\\\0x\0"sv) == json_invalid(2, R"(Invalid \\escape)"));
}

TEST_CASE("a body that is not an object is echoed", "[schema]") {
    CHECK(items("true") == kNotAnObject + "true}");
    CHECK(items("1.50") == kNotAnObject + "1.5}");
    CHECK(items("[1, 2]") == kNotAnObject + "[1,2]}");
    CHECK(items(R"("x")") == kNotAnObject + R"("x"})");
    CHECK(items("NaN") == kNotAnObject + R"("NaN"})");  // deviation: the old service failed
}

TEST_CASE("an object without features is echoed whole", "[schema]") {
    CHECK(items("{}") == kNoFeatures + "{}}");
    CHECK(items(R"({"Features": [1], "b": 2.0, "Features": null})") ==
          kNoFeatures + R"({"Features":null,"b":2.0}})");
}

TEST_CASE("features that are not a list, or an empty one, are refused", "[schema]") {
    CHECK(items(R"({"features":null})") == kNotAList + "null}");
    CHECK(items(R"({"features":{}})") == kNotAList + "{}}");
    CHECK(items(R"({"features":"[1]"})") == kNotAList + R"("[1]"})");
    CHECK(items(R"({"features":NaN})") == kNotAList + R"("NaN"})");  // deviation
    CHECK(items(R"({"features":[]})") == kTooShort);
    CHECK(items(R"({"features":[1],"features":[]})") == kTooShort);
}

TEST_CASE("every bad feature is reported in order", "[schema]") {
    CHECK(items(R"({"features":[null,"x",[1],{"a":1.0},2]})") ==
          float_type(0, "null") + "," + float_parsing(1, R"("x")") + "," + float_type(2, "[1]") +
              "," + float_type(3, R"({"a":1.0})"));
    const std::string large = "1" + std::string(309, '0');
    CHECK(items("{\"features\":[1," + large + "]}") == float_type(1, large));
}

// Deviation: the old service failed.
TEST_CASE("features that are not finite are refused, input as a string", "[schema]") {
    CHECK(items(R"({"features":[NaN,1,-Infinity,1e309,"in_f"," nan"]})") ==
          not_finite(0, R"("NaN")") + "," + not_finite(2, R"("-Infinity")") + "," +
              not_finite(3, R"("1e309")") + "," + not_finite(4, R"("in_f")") + "," +
              not_finite(5, R"(" nan")"));
}

TEST_CASE("features that are not finite go unsaid where the old service said others", "[schema]") {
    CHECK(items(R"({"features":[NaN,"x"]})") == float_parsing(1, R"("x")"));
    CHECK(items(R"({"features":["nan",null,1e309]})") == float_type(1, "null"));
}

// Deviation: the old service made these items, then failed to encode them.
TEST_CASE("a lone surrogate is echoed as U+FFFD", "[schema]") {
    CHECK(items(R"({"features":["\ud800"]})") ==
          feature_item("string_unicode", 0,
                       "Input should be a valid string, unable to parse raw data as a unicode "
                       "string",
                       "\"\xEF\xBF\xBD\""));
    CHECK(items("{\"features\":[[\"\xED\xB0\x80\"]]}") == float_type(0, "[\"\xEF\xBF\xBD\"]"));
}

// Deviation: the old service failed from about 1,000 containers on.
TEST_CASE("deeply nested inputs are echoed", "[schema]") {
    const std::string deep = std::string(9982, '[') + std::string(9982, ']');
    CHECK(items("{\"features\":[" + deep + "]}") == float_type(0, deep));
}

TEST_CASE("a reply stays bounded and valid when everything is wrong", "[schema]") {
    std::string body = R"({"features":[)";
    for (int i = 0; i < 1'000'000; ++i) body += "[],";
    body += "0]}";
    const Rejection rejection = refused(body);
    CHECK(rejection.status == 422);
    CHECK(rejection.body.size() < (std::size_t{65} << 20U));
    const auto detail = nlohmann::json::parse(rejection.body).at("detail");
    CHECK(detail.back().at("loc").at(2) == detail.size() - 1);
}

TEST_CASE("an echo that is longer than a reply may be is not built", "[schema]") {
    constexpr std::size_t kMaxReply = appcore::schema::ValidationErrors::kMaxReply;
    const std::string body(kMaxReply / 2, '\1');  // six bytes for each
    const allocations::Counter counter;
    const Rejection rejection = refused(body, "text/plain");
    CHECK(allocations::Counter::largest() < 3 * kMaxReply);
    CHECK(rejection.status == 413);
    CHECK(rejection.body.empty());
}

TEST_CASE("a list of features that are not finite stays bounded", "[schema]") {
    std::string body = R"({"features":[)";
    for (int i = 0; i < 250'000; ++i) body += "NaN,";
    const Rejection rejection = refused(body + "1]}");
    CHECK(rejection.status == 422);
    CHECK(rejection.body.size() < appcore::schema::ValidationErrors::kMaxList + 1000);
}

TEST_CASE("good bodies of the plain shape allocate nothing for the features", "[schema]") {
    std::vector<double> features;
    features.reserve(3);
    const double* const storage = features.data();
    REQUIRE_FALSE(read_predict_request(kJsonType, R"({"features":[1,2,3]})", {}, features));
    CHECK(features.data() == storage);
}

TEST_CASE("garbage of 32 MiB is answered", "[schema]") {
    constexpr std::size_t kSize = std::size_t{32} << 20U;
    for (const char c : {'[', '{', '"', '1', ' ', '\0', '\xFF', '\\'}) {
        CAPTURE(static_cast<int>(c));
        const Rejection rejection = refused(std::string(kSize, c));
        CHECK((rejection.status == 400 || rejection.status == 422));
    }
}
