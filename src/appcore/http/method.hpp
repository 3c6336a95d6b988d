// Request methods, as far as this service tells them apart.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace appcore::http {

// `other` stands for every method that has no meaning here, so that labels stay bounded.
enum class Method : unsigned char { get, head, post, put, patch, del, options, other };

inline constexpr std::array<std::string_view, 8> kMethodNames = {
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"};

[[nodiscard]] constexpr std::string_view to_string(Method method) {
    return kMethodNames[static_cast<std::size_t>(method)];
}

// Methods are case-sensitive (RFC 9110, section 9.1): "get" is `other`.
[[nodiscard]] constexpr Method parse_method(std::string_view name) {
    for (std::size_t i = 0; i + 1 < kMethodNames.size(); ++i) {
        if (kMethodNames[i] == name) return static_cast<Method>(i);
    }
    return Method::other;
}

}  // namespace appcore::http
