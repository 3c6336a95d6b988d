#include "appcore/http/response.hpp"

#include "catch.hpp"

using appcore::http::Response;

TEST_CASE("no header value can end its line") {
    Response response;
    response.add_header("Access-Control-Allow-Origin", "http://a\r\nSet-Cookie: x\n\0\x7f\ty");
    response.add_header("X", std::string_view("a\0b", 3));
    CHECK(response.headers() == "Access-Control-Allow-Origin: http://aSet-Cookie: x\r\nX: ab\r\n");
    response.clear();
    response.add_header("X",
                        "\x01"
                        "a\x1f"
                        "b\x7f"
                        "c");
    CHECK(response.headers() == "X: abc\r\n");
    response.clear();
    response.add_header("Vary", "a\tb\xe9");
    CHECK(response.headers() == "Vary: a\tb\xe9\r\n");
}

TEST_CASE("a cleared response is like a new one and keeps no large memory") {
    Response response;
    response.set(404, "text/plain", "no");
    response.omit_body();
    response.body.assign(10 * Response::kKeptCapacity, 'x');
    response.clear();
    CHECK(response.status() == 200);
    CHECK(response.headers().empty());
    CHECK(response.body.empty());
    CHECK_FALSE(response.body_omitted());
    CHECK(response.body.capacity() <= Response::kKeptCapacity);
}
