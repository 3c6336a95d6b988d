// FastCGI parameters (FastCGI specification, 3.4) to a Request. deploy/nginx.conf sends them; a
// test compares its list with this one.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "appcore/http/request.hpp"

namespace appcore::fcgi {

// The request without its body, and the announced length of that: nothing where CONTENT_LENGTH is
// missing, empty or no number.
struct Parameters {
    http::Request request;
    std::optional<std::size_t> content_length;
};

// Reads a null-terminated list of "NAME=value" strings, which the result refers to. Of several
// parameters of one name the first counts, but of traceparent only one that is alone. Names that
// mean nothing here are skipped.
[[nodiscard]] Parameters read_parameters(const char* const* environment);

// The names that read_parameters() knows.
[[nodiscard]] std::span<const std::string_view> known_parameters();

}  // namespace appcore::fcgi
