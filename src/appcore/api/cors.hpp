// Cross-origin resource sharing (Fetch standard, "CORS protocol") with the old service's policy:
// every origin, method and header is allowed.
#pragma once

#include "appcore/http/request.hpp"
#include "appcore/http/response.hpp"

namespace appcore::api {

// OPTIONS with an Origin and an Access-Control-Request-Method, whatever these say.
[[nodiscard]] bool is_preflight(const http::Request& request);

// The reply to a preflight: 200, or 400 for a method that the policy does not list.
void answer_preflight(const http::Request& request, http::Response& response);

// What any other reply to a request with an Origin carries; nothing for one without.
void add_cors_headers(const http::Request& request, http::Response& response);

}  // namespace appcore::api
