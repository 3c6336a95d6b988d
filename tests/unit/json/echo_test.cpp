#include "appcore/json/echo.hpp"

#include <string_view>

#include "appcore/json/parser.hpp"
#include "catch.hpp"

namespace json = appcore::json;

namespace {

std::string echo(std::string_view text) {
    const json::ParseResult result = json::parse(text);
    std::string echoed;
    json::append_value(echoed, std::get<json::Document>(result), json::Document::kRoot);
    return echoed;
}

}  // namespace

// Expected values: the old service's 422 for {"features": <value>}.
TEST_CASE("values are echoed in their compact form", "[json]") {
    CHECK(echo(" [ 1 , { \"a\" : [ ] , \"b\" : { } } , null,true,false ] ") ==
          R"([1,{"a":[],"b":{}},null,true,false])");
    CHECK(echo(R"("a\u00e9\/\u0041\ud83d\ude00\u001f")") == "\"aé/A😀\\u001f\"");
}

TEST_CASE("integers and floats are told apart", "[json]") {
    CHECK(echo("[5,5.0,5e0,-0,-0.0,0e9]") == "[5,5.0,5.0,0,-0.0,0.0]");
    CHECK(echo("[1E5,1e16,0.00001,123456789012345678901234567890]") ==
          "[100000.0,1e+16,1e-05,123456789012345678901234567890]");
}

TEST_CASE("numbers that are not finite are echoed as strings of their text", "[json]") {
    CHECK(echo("[NaN,Infinity,-Infinity,1e309,-1E+400]") ==
          R"(["NaN","Infinity","-Infinity","1e309","-1E+400"])");
}

TEST_CASE("an object is echoed as Python's dict", "[json]") {
    CHECK(echo(R"({"b":1,"a":{"x":1,"x":[2]},"b":3})") == R"({"b":3,"a":{"x":[2]}})");
}

// FastAPI's jsonable_encoder, sqlalchemy_safe.
TEST_CASE("keys that begin with _sa are left out", "[json]") {
    CHECK(echo(R"({"_sa":1,"a":{"_sa_x":1},"\u005fsab":2,"_s":3,"_Sa":4})") ==
          R"({"a":{},"_s":3,"_Sa":4})");
}

TEST_CASE("a lone surrogate is echoed as U+FFFD in keys and values", "[json]") {
    CHECK(echo(R"({"\ud800":"\udc00x"})") == "{\"\xEF\xBF\xBD\":\"\xEF\xBF\xBDx\"}");
}

TEST_CASE("an echo that is longer than its limit is given up", "[json]") {
    std::string numbers = "[1e15";
    std::string keys = "{\"k\":1";
    std::string escapes = "[\"";
    for (int i = 0; i < 1000; ++i) {
        numbers += ",1e15";
        keys += ",\"" + std::to_string(i) + "\":1";
        escapes += "\\n";
    }
    for (const std::string& text : {numbers + "]", keys + "}", escapes + "\"]"}) {
        CAPTURE(text);
        const json::ParseResult result = json::parse(text);
        std::string echoed;
        json::append_value(echoed, std::get<json::Document>(result), json::Document::kRoot, 100);
        CHECK(echoed.size() > 100);
        CHECK(echoed.size() < 130);
    }
}

TEST_CASE("depth costs no stack", "[json]") {
    std::string deep = "1";
    for (int i = 0; i < 4992; ++i) deep = "[{\"k\":" + deep + "}]";
    CHECK(echo(deep) == deep);
}
