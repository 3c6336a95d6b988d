#include "appcore/api/errors.hpp"

#include "appcore/http/status.hpp"

namespace appcore::api {
namespace {

constexpr std::string_view kRetryAfterSeconds = "1";  // a worker is back within a second

}  // namespace

void answer_error(int status, http::Response& response) {
    answer_error(status, http::reason_phrase(status), response);
}

void answer_error(int status, std::string_view detail, http::Response& response) {
    response.set(status, http::kJson, R"({"detail":")");
    response.body.append(detail).append(R"("})");
    // RFC 9110, section 11.6.1: a 401 says how to ask. The realm is the whole service.
    if (status == 401) response.add_header("WWW-Authenticate", R"(Bearer realm="appcore")");
    if (status == 503 || status == 429) response.add_header("Retry-After", kRetryAfterSeconds);
}

}  // namespace appcore::api
