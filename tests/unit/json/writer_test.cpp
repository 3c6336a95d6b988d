#include "appcore/json/writer.hpp"

#include <array>
#include <string>
#include <utility>

#include "catch.hpp"

using namespace std::string_view_literals;

namespace {

std::string written(std::string_view value) {
    std::string text;
    appcore::json::append_string(text, value);
    return text;
}

}  // namespace

// Expected values: Python's json.dumps(value, ensure_ascii=False).
TEST_CASE("strings are escaped where JSON asks for it and nowhere else", "[json]") {
    CHECK(written("") == R"("")");
    CHECK(written("a/b</script>\x7F") == "\"a/b</script>\x7F\"");
    CHECK(written("\"\\\b\f\n\r\t") == R"("\"\\\b\f\n\r\t")");
    CHECK(written("\0\x01\x0B\x1F"sv) == R"("\u0000\u0001\u000b\u001f")");
    CHECK(written("日本 😀 \xE2\x80\xA8") == "\"日本 😀 \xE2\x80\xA8\"");
}

TEST_CASE("a lone surrogate becomes U+FFFD, its neighbours in the table do not", "[json]") {
    CHECK(written("\xED\xA0\x80") == "\"\xEF\xBF\xBD\"");
    CHECK(written("a\xED\xBF\xBF\xED\xA0\x80"
                  "b") ==
          "\"a\xEF\xBF\xBD\xEF\xBF\xBD"
          "b\"");
    CHECK(written("\xED\x9F\xBF\xEE\x80\x80") == "\"\xED\x9F\xBF\xEE\x80\x80\"");
}

TEST_CASE("a string that is longer than its limit is given up", "[json]") {
    std::string text;
    appcore::json::append_string(text, std::string(1000, '\1'), 100);
    CHECK(text.size() > 100);
    CHECK(text.size() < 120);
    text.clear();
    appcore::json::append_string(text, std::string(50, '\n'), 102);
    CHECK(text.size() == 102);
    CHECK(text.ends_with('"'));
}

TEST_CASE("what is escaped is found at every place of a text, whatever is around it", "[json]") {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kEscapes = {{
        {"\"", R"(\")"},
        {"\\", R"(\\)"},
        {"\n", R"(\n)"},
        {"\x1F", R"(\u001f)"},
        {"\xED\xA0\x80", "\xEF\xBF\xBD"},
        {"\xED\x9F\xBF", "\xED\x9F\xBF"},
    }};
    for (const std::string_view other :
         {" ", "!", "#", "[", "]", "\x7F", "\xC2\x80", "\xEE\x80\x80"}) {
        for (const auto& [special, escape] : kEscapes) {
            for (std::size_t place = 0; place < 40; ++place) {
                std::string before;
                for (std::size_t i = 0; i < place; ++i) before += other;
                std::string after;
                for (std::size_t i = place; i < 20; ++i) after += other;
                std::string expected = "\"" + before;
                expected.append(escape).append(after).append("\"");
                CHECK(written(before.append(special).append(after)) == expected);
            }
        }
    }
}
