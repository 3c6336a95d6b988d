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
inline constexpr std::string_view kValue = "Expecting value";
inline constexpr std::string_view kProperty = "Expecting property name enclosed in double quotes";
inline constexpr std::string_view kColon = "Expecting ':' delimiter";
inline constexpr std::string_view kComma = "Expecting ',' delimiter";
inline constexpr std::string_view kCommaInArray = "Illegal trailing comma before end of array";
inline constexpr std::string_view kCommaInObject = "Illegal trailing comma before end of object";
inline constexpr std::string_view kUnterminated = "Unterminated string starting at";
inline constexpr std::string_view kControl = "Invalid control character at";
inline constexpr std::string_view kEscape = "Invalid \\escape";
inline constexpr std::string_view kUnicodeEscape = "Invalid \\uXXXX escape";
inline constexpr std::string_view kExtra = "Extra data";
}  // namespace message

}  // namespace appcore::json
