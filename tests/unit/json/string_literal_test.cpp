#include "appcore/json/string_literal.hpp"

#include "catch.hpp"

using namespace std::string_view_literals;
namespace json = appcore::json;

namespace {

std::string value_of(std::string_view literal) {
    std::string storage;
    return std::string(json::string_value(literal, storage));
}

}  // namespace

TEST_CASE("a literal ends at its closing quote", "[json]") {
    std::size_t end = 0;
    CHECK_FALSE(json::scan_string(R"(["ab",1])", 1, end));
    CHECK(end == 5);
    CHECK_FALSE(json::scan_string(R"("a\"b\\")", 0, end));
    CHECK(end == 8);
}

TEST_CASE("escapes stand for their characters", "[json]") {
    CHECK(value_of(R"("plain")") == "plain");
    CHECK(value_of(R"("")").empty());
    CHECK(value_of(R"("\"\\\/\b\f\n\r\t")") == "\"\\/\b\f\n\r\t");
    CHECK(value_of(R"("a\u00e9\u65E5b")") ==
          "a\xC3\xA9\xE6\x97\xA5"
          "b");
    CHECK(value_of(R"("\u0000")") == "\0"sv);
}

// Python's parser joins two escapes, and nothing else, to a pair.
TEST_CASE("two escaped surrogates are one character, others stay alone", "[json]") {
    CHECK(value_of(R"("\ud83d\ude00")") == "\xF0\x9F\x98\x80");
    CHECK(value_of(R"("\ud800\ud800\udc00")") == "\xED\xA0\x80\xF0\x90\x80\x80");
    CHECK(value_of(R"("\ude00\ud83d")") == "\xED\xB8\x80\xED\xA0\xBD");
    CHECK(value_of("\"\\ud83d\xED\xB8\x80\"") == "\xED\xA0\xBD\xED\xB8\x80");
    CHECK(value_of(R"("\ud800\n")") == "\xED\xA0\x80\n");
    CHECK(value_of(R"("\ud800\u0041")") ==
          "\xED\xA0\x80"
          "A");
}
