// What is wrong with a JSON text and where, in the words of Python 3.13's json module.
#pragma once

#include <cstddef>
#include <string_view>

namespace appcore::json {

struct SyntaxError {
    std::string_view message;  // static
    std::size_t position;      // byte offset in the UTF-8 text
};

namespace message {
inline constexpr std::string_view value = "Expecting value";
inline constexpr std::string_view property = "Expecting property name enclosed in double quotes";
inline constexpr std::string_view colon = "Expecting ':' delimiter";
inline constexpr std::string_view comma = "Expecting ',' delimiter";
inline constexpr std::string_view comma_in_array = "Illegal trailing comma before end of array";
inline constexpr std::string_view comma_in_object = "Illegal trailing comma before end of object";
inline constexpr std::string_view unterminated = "Unterminated string starting at";
inline constexpr std::string_view control = "Invalid control character at";
inline constexpr std::string_view escape = "Invalid \\escape";
inline constexpr std::string_view unicode_escape = "Invalid \\uXXXX escape";
inline constexpr std::string_view extra = "Extra data";
}  // namespace message

}  // namespace appcore::json
