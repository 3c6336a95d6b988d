// String literals of JSON: where they end, what is wrong with them, what they stand for.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "appcore/json/syntax_error.hpp"

namespace appcore::json {

// Finds the end of the string literal whose opening quote is text[begin]. On success `end` is the
// offset after its closing quote.
[[nodiscard]] std::optional<SyntaxError> scan_string(std::string_view text, std::size_t begin,
                                                     std::size_t& end);

// The text that a valid literal (with its quotes) stands for, lone surrogates kept (utf8.hpp). The
// result points into `literal`, or into `storage`, which is replaced.
[[nodiscard]] std::string_view string_value(std::string_view literal, std::string& storage);

}  // namespace appcore::json
