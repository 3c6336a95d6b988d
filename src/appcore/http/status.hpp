// The status codes that leave this service, its own and those of nginx in front of it.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace appcore::http {

struct StatusCode {
    int code;
    std::string_view reason;  // RFC 9110 and RFC 6585
};

// The metrics count replies by the place in this list; a code that is not in it is counted as the
// last entry. Adding a code changes the layout of the slots (store/slot_layout.hpp).
inline constexpr std::array<StatusCode, 29> kStatusCodes = {{
    {200, "OK"},
    {201, "Created"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
}};

// The code's place in kStatusCodes, or kStatusCodes.size() for a code that is not in it.
[[nodiscard]] constexpr std::size_t status_index(int code) {
    std::size_t i = 0;
    while (i < kStatusCodes.size() && kStatusCodes[i].code != code) ++i;
    return i;
}

// The reason phrase, or "" for a code that is not in the list.
[[nodiscard]] constexpr std::string_view reason_phrase(int code) {
    const std::size_t i = status_index(code);
    return i < kStatusCodes.size() ? kStatusCodes[i].reason : std::string_view{};
}

}  // namespace appcore::http
