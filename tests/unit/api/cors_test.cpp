#include "appcore/api/cors.hpp"

#include <string>

#include "catch.hpp"

using namespace appcore;
using http::Header;

namespace {

http::Request preflight(std::string_view method) {
    http::Request request;
    request.method = http::Method::options;
    request.headers[static_cast<std::size_t>(Header::origin)] = "http://a.example";
    request.headers[static_cast<std::size_t>(Header::access_control_request_method)] = method;
    return request;
}

constexpr std::string_view kPolicy =
    "Content-Type: text/plain; charset=utf-8\r\n"
    "Access-Control-Allow-Origin: *\r\n"
    "Access-Control-Allow-Methods: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT\r\n"
    "Access-Control-Max-Age: 600\r\n";

}  // namespace

TEST_CASE("a preflight takes OPTIONS, an origin and a method, empty ones too") {
    CHECK(api::is_preflight(preflight("")));
    http::Request request = preflight("GET");
    request.headers[static_cast<std::size_t>(Header::origin)] = "";
    CHECK(api::is_preflight(request));
    request.headers[static_cast<std::size_t>(Header::origin)].reset();
    CHECK_FALSE(api::is_preflight(request));
    request = preflight("GET");
    request.method = http::Method::get;
    CHECK_FALSE(api::is_preflight(request));
    request = preflight("GET");
    request.headers[static_cast<std::size_t>(Header::access_control_request_method)].reset();
    CHECK_FALSE(api::is_preflight(request));
}

TEST_CASE("a preflight for a listed method is allowed") {
    const std::string_view method =
        GENERATE("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT");
    http::Response response;
    api::answer_preflight(preflight(method), response);
    CHECK(response.status() == 200);
    CHECK(response.body == "OK");
    CHECK(response.headers() == kPolicy);
}

TEST_CASE("a preflight for any other method is refused with the same policy") {
    const std::string_view method =
        GENERATE("get", "TRACE", "CONNECT", "GET, POST", "*", "", "FOO");
    http::Response response;
    api::answer_preflight(preflight(method), response);
    CHECK(response.status() == 400);
    CHECK(response.body == "Disallowed CORS method");
    CHECK(response.headers() == kPolicy);
}

TEST_CASE("requested headers are mirrored if there are any, whatever they say") {
    http::Request request = preflight("GET");
    request.headers[static_cast<std::size_t>(Header::access_control_request_headers)] =
        "x-a,X-B , \xe9;";
    request.headers[static_cast<std::size_t>(Header::cookie)] = "a=b";
    http::Response response;
    api::answer_preflight(request, response);
    CHECK(response.headers() ==
          std::string(kPolicy) + "Access-Control-Allow-Headers: x-a,X-B , \xe9;\r\n");
}

TEST_CASE("the origin is named to those who send a cookie, all others get the asterisk") {
    http::Request request;
    http::Response response;
    api::add_cors_headers(request, response);
    CHECK(response.headers().empty());
    request.headers[static_cast<std::size_t>(Header::origin)] = "";
    api::add_cors_headers(request, response);
    CHECK(response.headers() == "Access-Control-Allow-Origin: *\r\n");
    response.clear();
    request.headers[static_cast<std::size_t>(Header::origin)] = "http://a";
    request.headers[static_cast<std::size_t>(Header::cookie)] = "";
    api::add_cors_headers(request, response);
    CHECK(response.headers() == "Access-Control-Allow-Origin: http://a\r\nVary: Origin\r\n");
}
