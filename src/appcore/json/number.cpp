#include "appcore/json/number.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "appcore/json/decimal.hpp"

namespace appcore::json {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::size_t count_digits(std::string_view text) {
    const auto* const end = std::find_if_not(text.begin(), text.end(), is_digit);
    return static_cast<std::size_t>(end - text.begin());
}

std::size_t fraction_length(std::string_view text) {
    if (!text.starts_with('.')) return 0;
    const std::size_t digits = count_digits(text.substr(1));
    return digits == 0 ? 0 : 1 + digits;
}

std::size_t exponent_length(std::string_view text) {
    if (!text.starts_with('e') && !text.starts_with('E')) return 0;
    const std::string_view signed_part = text.substr(1);
    const std::size_t sign = signed_part.starts_with('+') || signed_part.starts_with('-') ? 1 : 0;
    const std::size_t digits = count_digits(signed_part.substr(sign));
    return digits == 0 ? 0 : 1 + sign + digits;
}

// Python's repr changes to the scientific form outside of these.
constexpr int kMinPlainExponent = -4;
constexpr int kMaxPlainExponent = 15;

// Appends d.ddd times ten to the exponent, of which `digits` are the digits, without an exponent.
void append_plain(std::string& text, std::string_view digits, int exponent) {
    if (exponent < 0) {
        text += "0.";
        text.append(static_cast<std::size_t>(-exponent - 1), '0');
        text += digits;
        return;
    }
    const std::size_t whole = static_cast<std::size_t>(exponent) + 1;
    text += digits.substr(0, whole);
    if (digits.size() <= whole) {
        text.append(whole - digits.size(), '0');
        text += ".0";
    } else {
        text += '.';
        text += digits.substr(whole);
    }
}

}  // namespace

NumberPrefix number_prefix(std::string_view text) {
    const std::size_t sign = text.starts_with('-') ? 1 : 0;
    std::size_t length = sign + count_digits(text.substr(sign));
    if (length == sign) return {0, false};
    if (text[sign] == '0') length = sign + 1;
    const std::size_t integer_length = length;
    length += fraction_length(text.substr(length));
    length += exponent_length(text.substr(length));
    return {length, length == integer_length};
}

bool is_integer_literal(std::string_view literal) {
    return literal.find_first_of(".eE") == std::string_view::npos;
}

double parse_number(std::string_view literal) {
    const double value = parse_decimal(literal);
    return value == 0 && is_integer_literal(literal) ? 0.0 : value;
}

void append_float(std::string& text, double value) {
    std::array<char, 32> buffer{};  // "-d.dddddddddddddddde-ddd" and room
    const char* const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                                          std::fabs(value), std::chars_format::scientific)
                                .ptr;
    const std::string_view scientific(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
    const std::size_t mark = scientific.find('e');
    int exponent = 0;
    std::from_chars(scientific.data() + mark + 2, end, exponent);
    if (scientific[mark + 1] == '-') exponent = -exponent;

    if (std::signbit(value)) text += '-';
    if (exponent < kMinPlainExponent || exponent > kMaxPlainExponent) {
        text += scientific;
        return;
    }
    if (mark == 1) {
        append_plain(text, scientific.substr(0, 1), exponent);
        return;
    }
    std::swap(buffer[0], buffer[1]);  // ".dddd": the digits are together
    append_plain(text, scientific.substr(1, mark - 1), exponent);
}

}  // namespace appcore::json
