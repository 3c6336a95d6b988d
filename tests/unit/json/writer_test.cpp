#include "appcore/json/writer.hpp"

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
