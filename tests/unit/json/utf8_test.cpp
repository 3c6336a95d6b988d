#include "appcore/json/utf8.hpp"

#include "catch.hpp"

using namespace std::string_view_literals;
using appcore::json::count_code_points;
using appcore::json::is_utf8;
using appcore::json::Surrogates;
using appcore::json::to_valid_utf8;

TEST_CASE("UTF-8 is what Unicode calls well-formed", "[json]") {
    const auto valid = [](std::string_view text) { return is_utf8(text, Surrogates::refuse); };
    CHECK(valid(""));
    CHECK(valid("plain ASCII that is longer than eight bytes"));
    CHECK(valid("\x7F\0\xC2\x80\xDF\xBF"sv));
    CHECK(valid("\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF"));
    CHECK(valid("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"));
    for (const std::string_view bad :
         {"\x80", "\xBF", "\xC0\xAF", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x9F\xBF", "\xE2\x82",
          "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
          "\xF5\x80\x80\x80", "\xF0\x9F\x98", "\xFE", "\xFF", "12345678\xFF", "\xC3\xA9\xE9"}) {
        CAPTURE(bad.size(), bad);
        CHECK_FALSE(valid(bad));
    }
}

TEST_CASE("surrogates are UTF-8 only where they are kept", "[json]") {
    CHECK(is_utf8("\xED\xA0\x80\xED\xBF\xBF", Surrogates::keep));
    CHECK_FALSE(is_utf8("\xED\xA0", Surrogates::keep));
}

TEST_CASE("code points are counted, not bytes", "[json]") {
    CHECK(count_code_points("") == 0);
    CHECK(count_code_points("a\xC3\xA9\xE6\x97\xA5\xF0\x9F\x98\x80") == 4);
    CHECK(count_code_points("\xED\xA0\x80") == 1);
}

TEST_CASE("code points are encoded in one to four bytes", "[json]") {
    std::string text;
    for (const char32_t code_point : {0x24U, 0xA3U, 0x20ACU, 0xD800U, 0x10348U, 0x10FFFFU}) {
        appcore::json::append_code_point(text, code_point);
    }
    CHECK(text == "\x24\xC2\xA3\xE2\x82\xAC\xED\xA0\x80\xF0\x90\x8D\x88\xF4\x8F\xBF\xBF");
}

// Expected values: Python's bytes.decode("utf-8", "replace").
TEST_CASE("one U+FFFD stands for each maximal part of an ill-formed sequence", "[json]") {
    CHECK(to_valid_utf8("a\xFF"
                        "b") ==
          "a\xEF\xBF\xBD"
          "b");
    CHECK(to_valid_utf8("\xE2\x82") == "\xEF\xBF\xBD");
    CHECK(to_valid_utf8("\xE2\x82"
                        "A") ==
          "\xEF\xBF\xBD"
          "A");
    CHECK(to_valid_utf8("\xF0\x9F\x98") == "\xEF\xBF\xBD");
    CHECK(to_valid_utf8("\xC0\xAF") == "\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(to_valid_utf8("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(count_code_points(to_valid_utf8("\xF4\x90\x80\x80")) == 4);
    CHECK(to_valid_utf8("\xC3\xA9\xF0\x9F\x98\x80") == "\xC3\xA9\xF0\x9F\x98\x80");
    CHECK(to_valid_utf8(std::string(1000, '\xFF'), 99).size() == 102);
}
