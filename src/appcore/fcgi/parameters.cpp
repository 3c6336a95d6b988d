#include "appcore/fcgi/parameters.hpp"

#include <array>
#include <charconv>
#include <system_error>

#include "appcore/http/target.hpp"

namespace appcore::fcgi {
namespace {

// In this order, so that a name's place tells what it sets; the headers come last.
enum Name : unsigned char {
    kRequestMethod,
    kRequestUri,
    kContentLength,
    kRemoteAddr,
    kServerAddr,
    kServerPort,
    kRequestKey,
    kRetry,
    kErrorStatus,
    kFirstOfJoined,
    kDraining,
    kScheme,
    kApiKey,
    kApiKeySeries,
    kFirstHeader
};

constexpr auto kTraceparent = static_cast<std::size_t>(http::Header::traceparent);

constexpr std::array<std::string_view, kFirstHeader + http::kHeaderCount> kNames = {
    "REQUEST_METHOD", "REQUEST_URI", "CONTENT_LENGTH", "REMOTE_ADDR", "SERVER_ADDR", "SERVER_PORT",
    "APPCORE_REQUEST_KEY", "APPCORE_RETRY", "APPCORE_ERROR_STATUS", "APPCORE_FIRST_OF_JOINED",
    "APPCORE_DRAINING", "APPCORE_SCHEME", "APPCORE_API_KEY", "APPCORE_API_KEY_SERIES",
    // as in http::Header
    "HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING", "HTTP_ACCESS_CONTROL_REQUEST_HEADERS",
    "HTTP_ACCESS_CONTROL_REQUEST_METHOD", "HTTP_CONTENT_TYPE", "HTTP_COOKIE", "HTTP_HOST",
    "HTTP_ORIGIN", "HTTP_TRACEPARENT", "HTTP_X_REQUEST_ID"};

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
    Number value{};
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (text.empty() || error != std::errc{} || stop != end) return std::nullopt;
    return value;
}

void set(Parameters& parameters, std::size_t name, std::string_view value) {
    http::Request& request = parameters.request;
    switch (name) {
        case kRequestMethod:
            request.method_name = value;
            request.method = http::parse_method(value);
            break;
        case kRequestUri:
            request.target = value;
            break;
        case kContentLength:
            parameters.content_length = parse_number<std::size_t>(value);
            break;
        case kRemoteAddr:
            request.client = value;
            break;
        case kServerAddr:
            request.server_addr = value;
            break;
        case kServerPort:
            request.server_port = value;
            break;
        case kRequestKey:
            request.key = value;
            break;
        case kRetry:
            request.is_retry = !value.empty();
            break;
        case kDraining:
            request.is_draining = !value.empty();
            break;
        case kApiKey:
            request.api_key = value;
            break;
        case kApiKeySeries:
            request.api_key_series = value;
            break;
        case kScheme:
            request.scheme = value;
            break;
        case kErrorStatus:
            request.error_status = parse_number<int>(value).value_or(0);
            break;
        default:
            request.headers[name - kFirstHeader] = value;
    }
}

// The part of a joined header that came first, which has `separators` of them itself.
std::string_view first_part(std::string_view joined, std::size_t separators) {
    constexpr std::string_view kSeparator = ", ";
    std::size_t end = joined.find(kSeparator);
    for (; separators > 0 && end != std::string_view::npos; --separators) {
        end = joined.find(kSeparator, end + kSeparator.size());
    }
    return joined.substr(0, end);
}

// Undoes what newer versions of nginx do to headers that came several times: they join them, and
// deploy/first-headers.js says how many separators the first one has: "HTTP_ORIGIN=0 ...".
void keep_first(http::Request& request, std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = text.find(' ');
        const std::string_view item = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        const std::size_t equals = item.find('=');
        if (equals == std::string_view::npos) continue;
        const auto separators = parse_number<std::size_t>(item.substr(equals + 1));
        for (std::size_t i = 0; i < http::kHeaderCount; ++i) {
            std::optional<std::string_view>& value = request.headers[i];
            if (kNames[kFirstHeader + i] == item.substr(0, equals) && value && separators) {
                value = first_part(*value, *separators);
            }
        }
    }
}

}  // namespace

Parameters read_parameters(const char* const* environment) {
    Parameters parameters;
    std::array<bool, kNames.size()> seen{};
    std::string_view joined;
    for (; *environment != nullptr; ++environment) {
        const std::string_view entry = *environment;
        const std::size_t equals = entry.find('=');
        const std::string_view name = entry.substr(0, equals);
        std::size_t i = 0;
        while (i < kNames.size() && kNames[i] != name) ++i;
        if (i == kNames.size() || equals == std::string_view::npos) continue;
        if (seen[i]) {
            if (i == kFirstHeader + kTraceparent) parameters.request.headers[kTraceparent].reset();
            continue;
        }
        seen[i] = true;
        if (i == kFirstOfJoined) {
            joined = entry.substr(equals + 1);
        } else {
            set(parameters, i, entry.substr(equals + 1));
        }
    }
    keep_first(parameters.request, joined);
    http::Request& request = parameters.request;
    // nginx passes bytes above 0x7e on. Refused like what it refuses itself.
    if (request.error_status == 0 && !http::is_printable_target(request.target)) {
        request.error_status = 400;
    }
    return parameters;
}

std::span<const std::string_view> known_parameters() {
    return kNames;
}

}  // namespace appcore::fcgi
