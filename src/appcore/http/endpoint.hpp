// The routes of the service. The paths stand here and nowhere else; nginx's configuration is tested
// against this list.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "appcore/http/method.hpp"

namespace appcore::http {

// `other` stands for every path that is not a route, so that labels stay bounded.
enum class Endpoint : unsigned char {
    health,
    version,
    predict,
    docs,
    docs_oauth2_redirect,
    redoc,
    openapi,
    metrics,
    status,
    ready,
    other
};

inline constexpr std::array<std::string_view, 11> kEndpointPaths = {
    "/health",  "/version", "/predict", "/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json",
    "/metrics", "/status",  "/ready",   "other"};

inline constexpr std::size_t kEndpointCount = kEndpointPaths.size();

// The methods of each endpoint, as the Allow header lists them (RFC 9110, section 10.2.1).
inline constexpr std::array<std::string_view, kEndpointCount> kEndpointMethods = {
    "GET",       "GET",       "POST",      "GET, HEAD", "GET, HEAD", "GET, HEAD",
    "GET, HEAD", "GET, HEAD", "GET, HEAD", "GET, HEAD", ""};

// The route's path; "other" (no path begins like that) for Endpoint::other.
[[nodiscard]] constexpr std::string_view path_of(Endpoint endpoint) {
    return kEndpointPaths[static_cast<std::size_t>(endpoint)];
}

// The route with exactly this path, or Endpoint::other.
[[nodiscard]] constexpr Endpoint find_endpoint(std::string_view path) {
    for (std::size_t i = 0; i + 1 < kEndpointCount; ++i) {
        if (kEndpointPaths[i] == path) return static_cast<Endpoint>(i);
    }
    return Endpoint::other;
}

[[nodiscard]] constexpr std::string_view allowed_methods(Endpoint endpoint) {
    return kEndpointMethods[static_cast<std::size_t>(endpoint)];
}

// No name of a method is part of another one's, so looking for it in the list is enough.
[[nodiscard]] constexpr bool allows(Endpoint endpoint, Method method) {
    return method != Method::other &&
           allowed_methods(endpoint).find(to_string(method)) != std::string_view::npos;
}

}  // namespace appcore::http
