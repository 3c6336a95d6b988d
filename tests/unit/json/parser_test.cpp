#include "appcore/json/parser.hpp"

#include <array>
#include <string>

#include "appcore/json/utf8.hpp"
#include "catch.hpp"

using namespace std::string_view_literals;
namespace json = appcore::json;

namespace {

bool parses(std::string_view text) {
    return std::holds_alternative<json::Document>(json::parse(text));
}

bool is_unparsable(std::string_view text) {
    return std::holds_alternative<json::Unparsable>(json::parse(text));
}

std::string nested(std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

}  // namespace

// Expected values: the message and position of Python 3.13's JSONDecodeError.
TEST_CASE("syntax errors are told as Python 3.13 tells them", "[json]") {
    struct Case {
        std::string_view text;
        std::string_view message;
        std::size_t position;  // in code points
    };
    constexpr std::array<Case, 58> kCases = {{
        {"", "Expecting value", 0},
        {" \n\t\r ", "Expecting value", 5},
        {"}", "Expecting value", 0},
        {"[", "Expecting value", 1},
        {"[,1]", "Expecting value", 1},
        {"[1,,2]", "Expecting value", 3},
        {"{\"a\":", "Expecting value", 5},
        {"{\"a\":}", "Expecting value", 5},
        {"{\"😀\":}", "Expecting value", 5},
        {"[é]", "Expecting value", 1},
        {"-", "Expecting value", 0},
        {"-I", "Expecting value", 0},
        {"-Infinit", "Expecting value", 0},
        {"+1", "Expecting value", 0},
        {".5", "Expecting value", 0},
        {"tru", "Expecting value", 0},
        {"nan", "Expecting value", 0},
        {"\x0B"
         "1",
         "Expecting value", 0},
        {"\xC2\xA0"
         "1",
         "Expecting value", 0},
        {"\0"sv, "Expecting value", 0},
        {"{", "Expecting property name enclosed in double quotes", 1},
        {"{'a':1}", "Expecting property name enclosed in double quotes", 1},
        {"{1:2}", "Expecting property name enclosed in double quotes", 1},
        {"{\"a\":1,1}", "Expecting property name enclosed in double quotes", 7},
        {"{\"a\":1,", "Expecting property name enclosed in double quotes", 7},
        {"{\"a\"", "Expecting ':' delimiter", 4},
        {"{\"a\" 1}", "Expecting ':' delimiter", 5},
        {"[1", "Expecting ',' delimiter", 2},
        {"[1 2]", "Expecting ',' delimiter", 3},
        {"[1}", "Expecting ',' delimiter", 2},
        {"{\"a\":1", "Expecting ',' delimiter", 6},
        {"{\"a\":1]", "Expecting ',' delimiter", 6},
        {"{\"a\":1 \"b\":2}", "Expecting ',' delimiter", 7},
        {"[01]", "Expecting ',' delimiter", 2},
        {"[1,]", "Illegal trailing comma before end of array", 2},
        {"[1, ]", "Illegal trailing comma before end of array", 2},
        {"[\"日本\",]", "Illegal trailing comma before end of array", 5},
        {"{\"a\":1,}", "Illegal trailing comma before end of object", 6},
        {"{\"a\":1 , }", "Illegal trailing comma before end of object", 7},
        {"\"abc", "Unterminated string starting at", 0},
        {"[\"a\\", "Unterminated string starting at", 1},
        {"\"a\nb\"", "Invalid control character at", 2},
        {"\"é\x1F\"", "Invalid control character at", 2},
        {"\"\\x\"", "Invalid \\escape", 1},
        {"\"\\u12\"", "Invalid \\uXXXX escape", 2},
        {"\"\\u12g4\"", "Invalid \\uXXXX escape", 2},
        {"\"\\u1234", "Invalid \\uXXXX escape", 2},
        {"\"\\ud800\\u12\"", "Invalid \\uXXXX escape", 8},
        {"01", "Extra data", 1},
        {"-01", "Extra data", 2},
        {"5.", "Extra data", 1},
        {"1e+", "Extra data", 1},
        {"1.e5", "Extra data", 1},
        {"1 1", "Extra data", 2},
        {"1\xC2\xA0", "Extra data", 1},
        {"Infinityx", "Extra data", 8},
        {"{} x", "Extra data", 3},
        {"[] \n]", "Extra data", 4},
    }};
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        const json::ParseResult result = json::parse(c.text);
        const auto* const error = std::get_if<json::SyntaxError>(&result);
        REQUIRE(error != nullptr);
        CHECK(error->message == c.message);
        CHECK(json::count_code_points(c.text.substr(0, error->position)) == c.position);
    }
}

TEST_CASE("every kind of value is known", "[json]") {
    using json::Kind;
    const std::string_view text =
        R"( [null, true,-1.5,NaN,-Infinity,Infinity,"a\"",{"k" : []},-7] )";
    const json::ParseResult result = json::parse(text);
    const auto& document = std::get<json::Document>(result);
    constexpr std::array<Kind, 9> kInds = {Kind::null,     Kind::boolean,  Kind::number,
                                           Kind::constant, Kind::constant, Kind::constant,
                                           Kind::string,   Kind::object,   Kind::number};
    REQUIRE(document.kind(json::Document::kRoot) == Kind::array);
    json::Document::Index node = 1;
    for (const Kind kind : kInds) {
        CAPTURE(node);
        CHECK(document.kind(node) == kind);
        if (kind == Kind::string) CHECK(document.literal(node) == R"("a\"")");
        node = document.after(node);
    }
    CHECK(node == document.after(json::Document::kRoot));
}

TEST_CASE("integers have at most 4,300 digits, floats any number", "[json]") {
    CHECK(parses(std::string(4300, '9')));
    CHECK(parses("-" + std::string(4300, '9')));
    CHECK(is_unparsable(std::string(4301, '9')));
    CHECK(parses(std::string(4301, '9') + ".5"));
    CHECK(parses("1." + std::string(9000, '1')));
}

TEST_CASE("9,984 containers pass, one more does not", "[json]") {
    CHECK(parses(nested(9984)));
    CHECK(is_unparsable(nested(9985)));
    CHECK(is_unparsable(std::string(200'000, '[')));
    CHECK(parses("[" + nested(9983) + "," + nested(9983) + "]"));
}

TEST_CASE("what is wrong first decides", "[json]") {
    CHECK(is_unparsable("[" + std::string(4301, '9') + ",}"));
    CHECK_FALSE(is_unparsable("[}," + std::string(4301, '9') + "]"));
}
