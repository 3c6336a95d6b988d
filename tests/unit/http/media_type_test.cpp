#include "appcore/http/media_type.hpp"

#include "catch.hpp"

using appcore::http::is_json;

// Expected values: how the old service took bodies under these headers.
TEST_CASE("application/json and its relatives are JSON", "[http]") {
    for (const char* const type :
         {"application/json", "Application/JSON", "application/json; charset=utf-16",
          "application/json ;x=1", " application/json\t", "application/json;",
          "application/json;a/b", "application/problem+json", "application/vnd.api+JSON",
          "application/+json", "application/\xC9+json",
          "\x85"
          "application/json\xA0",
          "\v\f\x1C\x1D\x1E\x1F"
          "application/json\x1F\x1E\x1D\x1C\f\v"}) {
        CAPTURE(type);
        CHECK(is_json(type));
    }
}

TEST_CASE("other types are not JSON", "[http]") {
    for (const char* const type : {"",
                                   ";",
                                   "; application/json",
                                   "text/json",
                                   "text/plain",
                                   "json",
                                   "/json",
                                   "application",
                                   "application/",
                                   "application/jsonx",
                                   "application/json+x",
                                   "application/xjson",
                                   "application/json, text/plain",
                                   "application/json/x",
                                   "application/x/y+json",
                                   "application//json",
                                   "application /json",
                                   "application/ json",
                                   "\"application/json\"",
                                   "*/*",
                                   "image/svg+json",
                                   "application/json\xE9",
                                   "text/html; application/json"}) {
        CAPTURE(type);
        CHECK_FALSE(is_json(type));
    }
}
