#include "appcore/json/members.hpp"

#include <string>

#include "appcore/json/parser.hpp"
#include "catch.hpp"

namespace json = appcore::json;

namespace {

json::Document parsed(std::string_view text) {
    return std::get<json::Document>(json::parse(text));
}

// "key=value key=value ..." in literals.
std::string unique(std::string_view text) {
    const json::Document document = parsed(text);
    std::string result;
    for (const json::Member& member : json::unique_members(document, json::Document::kRoot)) {
        if (!result.empty()) result += ' ';
        result += document.literal(member.key);
        result += '=';
        result += document.literal(member.value);
    }
    return result;
}

}  // namespace

TEST_CASE("of duplicate keys the last value stands at the first key's place", "[json]") {
    CHECK(unique("{}").empty());
    CHECK(unique(R"({"a":1})") == R"("a"=1)");
    CHECK(unique(R"({"b":1,"a":2})") == R"("b"=1 "a"=2)");
    CHECK(unique(R"({"a":1,"b":2,"a":3,"c":4,"a":5})") == R"("a"=5 "b"=2 "c"=4)");
}

TEST_CASE("of many duplicate keys, too, the last value stands at the first key's place", "[json]") {
    std::string text = R"({"a":0)";
    for (int i = 1; i < 100; ++i) {
        text += i % 2 == 0 ? R"(,"a":)" : R"(,"b":)";
        text += std::to_string(i);
    }
    CHECK(unique(text + "}") == R"("a"=98 "b"=99)");
}

TEST_CASE("keys that differ late are told apart", "[json]") {
    CHECK(unique(R"({"features1":1,"features2":2,"features1":3,"features":4})") ==
          R"("features1"=3 "features2"=2 "features"=4)");
    CHECK(unique(R"({"a":1,"a\u0000":2,"":3})") == R"("a"=1 "a\u0000"=2 ""=3)");
}

TEST_CASE("keys are compared by what their escapes stand for", "[json]") {
    CHECK(unique(R"({"\u0061":1,"b":2,"a":3,"\u0062":4})") == R"("\u0061"=3 "b"=4)");
    CHECK(unique(R"({"\u0061":1,"\u0062":2})") == R"("\u0061"=1 "\u0062"=2)");
}

TEST_CASE("a member is found by its key, the last of several", "[json]") {
    const json::Document document = parsed(R"({"x":{"k":0},"k":1,"\u006b":2,"l":3})");
    const auto found = json::find_member(document, json::Document::kRoot, "k");
    REQUIRE(found);
    CHECK(document.literal(*found) == "2");
    CHECK_FALSE(json::find_member(document, json::Document::kRoot, "m"));
}
