// Pieces of header fields that are lists with parameters: "a;q=1, b" (RFC 9110, section 5.6).
#pragma once

#include <algorithm>
#include <string_view>

namespace appcore::http {

// Without the spaces and tabs around it.
[[nodiscard]] constexpr std::string_view trim(std::string_view text) {
    constexpr std::string_view kSpaces = " \t";
    const std::size_t first = text.find_first_not_of(kSpaces);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

// Cuts `text` at its first `separator` and returns, trimmed, what stood before it.
constexpr std::string_view take(std::string_view& text, char separator) {
    const std::size_t at = std::min(text.find(separator), text.size());
    const std::string_view head = text.substr(0, at);
    text.remove_prefix(std::min(at + 1, text.size()));
    return trim(head);
}

// Whether `text` is `lower`, which has no capitals, in whatever case.
[[nodiscard]] constexpr bool equal_ignoring_case(std::string_view text, std::string_view lower) {
    return std::ranges::equal(text, lower, [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
}

}  // namespace appcore::http
