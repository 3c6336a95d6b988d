// An HTTP request as the API sees it: a plain value that owns nothing. Whoever made it keeps the
// bytes alive until the response is written.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "appcore/http/method.hpp"

namespace appcore::http {

// The request headers that mean something here; all others are ignored, as the old service did.
enum class Header : unsigned char {
    accept,
    accept_encoding,
    access_control_request_headers,
    access_control_request_method,
    content_type,
    cookie,
    host,
    origin,
    traceparent,
    x_request_id
};
inline constexpr std::size_t kHeaderCount = 10;

enum class BodyState : unsigned char {
    complete,
    too_large,       // over the limit: `body` is empty, the rest was not read
    no_memory,       // there was none for it, or for its reply: `body` is empty
    length_mismatch  // not as long as announced: `body` is what came, and not to be trusted
};

struct Request {
    Method method = Method::other;
    std::string_view method_name;  // as sent; what `method` stands for unless that is `other`
    std::string_view target;       // the raw request target: path and query, percent-encoded
    std::string_view body;
    BodyState body_state = BodyState::complete;
    std::string_view client;       // the client's address
    std::string_view server_addr;  // where the request arrived, for redirects without a Host
    std::string_view server_port;
    std::string_view api_key;          // the name of the caller's key; empty: without one
    std::string_view api_key_series;   // under which it is counted; empty: under its own
    std::string_view scheme = "http";  // in which the client, or the proxy's client, has asked
    std::string_view key;      // names this request at every worker that tries it; may be empty
    bool is_retry = false;     // another worker has died of it, maybe after it had counted it
    bool is_draining = false;  // asked for /ready: the machine is to get no more requests
    // Not 0: nginx refused the request with it and asks for the reply, or its target is not a URI.
    int error_status = 0;

    // The first header of each name; nothing where the client sent none.
    std::array<std::optional<std::string_view>, kHeaderCount> headers{};

    [[nodiscard]] std::optional<std::string_view> header(Header name) const {
        return headers[static_cast<std::size_t>(name)];
    }
};

}  // namespace appcore::http
