// Decimal numbers: JSON's grammar, the nearest double, and Python's way to print it. No locale.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace appcore::json {

// The longest JSON number at the front of a text, as Python's parser takes it: of "1.e5" the "1".
struct NumberPrefix {
    std::size_t length;  // 0: there is no number
    bool is_integer;     // neither fraction nor exponent
};

[[nodiscard]] NumberPrefix number_prefix(std::string_view text);

// `literal` is a whole JSON number.
[[nodiscard]] bool is_integer_literal(std::string_view literal);

// The value Python's json gives to a JSON number: integers know no -0.
[[nodiscard]] double parse_number(std::string_view literal);

// Appends `value`, which is finite, as Python's repr(float): the shortest digits that round-trip,
// always with a point or an exponent (2.0, 1e+16, 1e-05, -0.0).
void append_float(std::string& text, double value);

}  // namespace appcore::json
