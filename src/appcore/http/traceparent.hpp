// Which trace a request belongs to: the header traceparent of W3C Trace Context, level 1
// (https://www.w3.org/TR/trace-context-1/).
#pragma once

#include <optional>
#include <string_view>

namespace appcore::http {

// The parts as they were sent, in lower-case hexadecimal digits.
struct TraceContext {
    std::string_view trace_id;   // 32
    std::string_view parent_id;  // 16: the caller's span
    std::string_view flags;      // 2

    // Whether the caller records the trace, so that its id leads to something.
    [[nodiscard]] bool is_sampled() const;
};

// Reads the value of the one such header of a request; spaces and tabs around it do not count.
// Nothing if it is invalid: an upper-case digit, an id of zeros only, the version ff, more or less
// than the four parts in version 00. A later version may have more parts after another dash
// (section 3.2.2), but no comma: that is what nginx joins the values of several headers with, of
// which none counts. Allocates nothing; the result refers to `value`.
[[nodiscard]] std::optional<TraceContext> parse_traceparent(std::string_view value);

}  // namespace appcore::http
