// The request target: what is matched against the routes, and what a redirect leads to.
#pragma once

#include <string>
#include <string_view>

#include "appcore/http/endpoint.hpp"

namespace appcore::http {

struct Target {
    std::string_view path;   // still percent-encoded
    std::string_view query;  // without the question mark; empty where there is none
};

// Whether a target has printable ASCII only, as a URI does: everything else has to be
// percent-encoded (RFC 3986, section 2), and is a 400, as the old service's HTTP parser had it.
[[nodiscard]] bool is_printable_target(std::string_view target);

// Splits a raw request target. A fragment is dropped; clients must not send one (RFC 9112, 3.2).
[[nodiscard]] Target split_target(std::string_view target);

// Appends the percent-decoded path to `out`. An invalid escape is kept as it is. The result
// is bytes: it need not be UTF-8.
void append_decoded(std::string& out, std::string_view path);

// The route of a percent-encoded path: decoded once, then compared byte by byte. Neither dot
// segments nor double slashes are resolved (contract, "Redirects"). "/metrics/" is /metrics, since
// scrapers of the old service ask for it. Allocates nothing.
[[nodiscard]] Endpoint route(std::string_view path);

// The route that the path leads to once its trailing slashes are gone ("%2F" is one too), or
// Endpoint::other where it has none or leads nowhere.
[[nodiscard]] Endpoint route_without_slashes(std::string_view path);

// Appends the query to `out`, percent-encoding every byte outside the safe set of the old service
// (Python's quote with safe=":/%#?=@[]!$&'()*+,;"); existing escapes stay as they are.
void append_quoted(std::string& out, std::string_view query);

// Whether a Host header may stand in a redirect: a name, an IPv4 address or a bracketed IPv6
// address with an optional port (Starlette's rule, which keeps paths and user names out).
[[nodiscard]] bool is_usable_host(std::string_view host);

}  // namespace appcore::http
