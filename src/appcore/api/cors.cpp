#include "appcore/api/cors.hpp"

#include "appcore/http/method.hpp"

namespace appcore::api {
namespace {

using http::Header;
using http::Method;

constexpr std::string_view kAllowOrigin = "Access-Control-Allow-Origin";

}  // namespace

bool is_preflight(const http::Request& request) {
    return request.method == Method::options && request.header(Header::origin) &&
           request.header(Header::access_control_request_method);
}

void answer_preflight(const http::Request& request, http::Response& response) {
    const auto method = request.header(Header::access_control_request_method).value_or("");
    if (http::parse_method(method) != Method::other) {
        response.set(200, http::kPlainText, "OK");
    } else {
        response.set(400, http::kPlainText, "Disallowed CORS method");
    }
    response.add_header(kAllowOrigin, "*");
    response.add_header("Access-Control-Allow-Methods",
                        "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT");
    response.add_header("Access-Control-Max-Age", "600");
    if (const auto headers = request.header(Header::access_control_request_headers)) {
        response.add_header("Access-Control-Allow-Headers", *headers);
    }
}

// A browser that sends a cookie does not accept the asterisk (Fetch standard, "CORS check").
void add_cors_headers(const http::Request& request, http::Response& response) {
    const auto origin = request.header(Header::origin);
    if (!origin) return;
    if (request.header(Header::cookie)) {
        response.add_header(kAllowOrigin, *origin);
        response.add_header("Vary", "Origin");
    } else {
        response.add_header(kAllowOrigin, "*");
    }
}

}  // namespace appcore::api
