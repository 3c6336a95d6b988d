#include "appcore/json/encoding.hpp"

#include <array>

#include "catch.hpp"

using namespace std::string_view_literals;

namespace {

struct Decoding {
    std::string_view body;
    std::string_view text;
};

// The text, or "undecodable".
std::string decoded(std::string_view body) {
    std::string storage;
    const auto text = appcore::json::decode_body(body, storage);
    return text ? std::string(*text) : "undecodable";
}

}  // namespace

// Expected values: Python's body.decode(json.detect_encoding(body), "surrogatepass").
TEST_CASE("the encoding is known by its mark", "[json]") {
    constexpr std::array<Decoding, 11> kDecodings = {{
        {"\xEF\xBB\xBF"
         "1"sv,
         "1"sv},
        {"\xEF\xBB\xBF\xEF\xBB\xBF"
         "1"sv,
         "\xEF\xBB\xBF"
         "1"sv},
        {"\xFF\xFE"
         "1\0"sv,
         "1"sv},
        {"\xFE\xFF\0"
         "1"sv,
         "1"sv},
        {"\xFF\xFE\0\0"
         "1\0\0\0"sv,
         "1"sv},
        {"\0\0\xFE\xFF\0\0\0"
         "1"sv,
         "1"sv},
        {"\xEF\xBB\xBF"sv, ""sv},
        {"\xFF\xFE"sv, ""sv},
        {"\xFE\xFF"sv, ""sv},
        {"\xFF\xFE\0\0"sv, ""sv},
        {"\0\0\xFE\xFF"sv, ""sv},
    }};
    for (const Decoding& decoding : kDecodings) {
        CAPTURE(&decoding - kDecodings.data());
        CHECK(decoded(decoding.body) == decoding.text);
    }
}

TEST_CASE("without a mark the encoding is known by its NULs", "[json]") {
    constexpr std::array<Decoding, 12> kDecodings = {{
        {"1"sv, "1"sv},
        {"1\0"sv, "1"sv},
        {"\0"
         "1"sv,
         "1"sv},
        {"1\0\0\0"sv, "1"sv},
        {"\0\0\0"
         "1"sv,
         "1"sv},
        {"[\0"
         "1\0"sv,
         "[1"sv},
        {"\0"sv, "\0"sv},
        {"\0\0"sv, "\0"sv},
        {"\0\0\0"sv, "\0\0\0"sv},
        {"1\0\0"sv, "1\0\0"sv},
        {"1\0"
         "2"sv,
         "1\0"
         "2"sv},
        {"\0[\0]"sv, "[]"sv},
    }};
    for (const Decoding& decoding : kDecodings) {
        CAPTURE(&decoding - kDecodings.data());
        CHECK(decoded(decoding.body) == decoding.text);
    }
}

TEST_CASE("surrogate pairs become one character, lone ones are kept", "[json]") {
    CHECK(decoded("\"\0=\xD8\0\xDE\"\0"sv) == "\"\xF0\x9F\x98\x80\"");
    CHECK(decoded("\"\0\0\xD8\"\0"sv) == "\"\xED\xA0\x80\"");
    CHECK(decoded("\xFF\xFE=\xD8"sv) == "\xED\xA0\xBD");
    CHECK(decoded("\xFF\xFE\0\0\0\xD8\0\0"sv) == "\xED\xA0\x80");
    CHECK(decoded("\xED\xA0\x80"sv) == "\xED\xA0\x80");
}

TEST_CASE("what is cut short or no character is undecodable", "[json]") {
    CHECK(decoded("\xC0\x80"sv) == "undecodable");
    CHECK(decoded("\xF4\x90\x80\x80"sv) == "undecodable");
    CHECK(decoded("\xE2\x82"sv) == "undecodable");
    CHECK(decoded("\xFF\xFE=\xD8\0"sv) == "undecodable");
    CHECK(decoded("1\0\0\0002\0\x11\0"sv) == "undecodable");
    CHECK(decoded("1\0\0\0\0"sv) == "undecodable");
}
