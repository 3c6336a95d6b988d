// Error replies: {"detail": "..."}, as FastAPI words them.
#pragma once

#include <string_view>

#include "appcore/http/response.hpp"

namespace appcore::api {

// {"detail": the status code's reason phrase}; with Retry-After for 429 and 503.
void answer_error(int status, http::Response& response);

// {"detail": detail}. `detail` is plain text that needs no JSON escapes.
void answer_error(int status, std::string_view detail, http::Response& response);

// What a body that cannot be read is answered with, undecodable or cut short.
inline constexpr std::string_view kUnreadableBody = "There was an error parsing the body";

}  // namespace appcore::api
