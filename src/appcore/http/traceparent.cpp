#include "appcore/http/traceparent.hpp"

#include <algorithm>
#include <cstddef>

#include "appcore/http/field_value.hpp"

namespace appcore::http {
namespace {

constexpr std::string_view kPattern = "hh-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh";
constexpr std::size_t kTraceIdAt = 3;
constexpr std::size_t kTraceIdSize = 32;
constexpr std::size_t kParentIdAt = 36;
constexpr std::size_t kParentIdSize = 16;
constexpr std::size_t kFlagsAt = 53;

constexpr bool is_lower_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool has_shape(std::string_view text) {
    return std::ranges::equal(text, kPattern, [](char c, char expected) {
        return expected == '-' ? c == '-' : is_lower_hex(c);
    });
}

bool is_zero(std::string_view digits) {
    return digits.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

bool TraceContext::is_sampled() const {
    const char digit = flags.back();
    return ((digit <= '9' ? digit - '0' : digit - 'a' + 10) & 1) != 0;
}

std::optional<TraceContext> parse_traceparent(std::string_view value) {
    value = trim(value);
    const std::string_view known = value.substr(0, kPattern.size());
    const std::string_view rest = value.substr(known.size());
    const std::string_view version = value.substr(0, 2);
    if (!has_shape(known) || version == "ff") return std::nullopt;
    if (!rest.empty() && (version == "00" || rest.front() != '-')) return std::nullopt;
    if (rest.find(',') != std::string_view::npos) return std::nullopt;
    const TraceContext trace{known.substr(kTraceIdAt, kTraceIdSize),
                             known.substr(kParentIdAt, kParentIdSize), known.substr(kFlagsAt)};
    if (is_zero(trace.trace_id) || is_zero(trace.parent_id)) return std::nullopt;
    return trace;
}

}  // namespace appcore::http
