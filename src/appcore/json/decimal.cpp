#include "appcore/json/decimal.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>

namespace appcore::json {
namespace {

// std::from_chars stops counting in exponents of six digits, so that a long run of zeros before or
// after the point no longer balances them; texts up to this length cannot tell.
constexpr std::size_t max_direct_length = 1000;
// 767 significant digits decide the nearest double; one more stands for all that follow.
constexpr std::size_t max_significant_digits = 768;
constexpr std::int64_t max_exponent = 1'000'000'000'000;  // more than any body has digits

// A decimal as 0.<digits> times ten to the exponent; no digits for zero.
struct Scientific {
    std::string digits;
    std::int64_t exponent = 0;
};

std::int64_t parse_exponent(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    std::int64_t value = 0;
    for (const char digit : text) {
        value = std::min(value * 10 + (digit - '0'), max_exponent);
    }
    return negative ? -value : value;
}

Scientific to_scientific(std::string_view unsigned_decimal) {
    const std::size_t exponent_at = unsigned_decimal.find_first_of("eE");
    const std::string_view mantissa = unsigned_decimal.substr(0, exponent_at);
    Scientific result;
    bool after_point = false;
    for (const char c : mantissa) {
        if (c == '.') {
            after_point = true;
            continue;
        }
        const bool significant = c != '0' || !result.digits.empty();
        if (significant && !after_point) ++result.exponent;
        if (!significant && after_point) --result.exponent;
        if (result.digits.size() < max_significant_digits) {
            if (significant) result.digits += c;
        } else if (c != '0') {
            result.digits.back() = '1';
        }
    }
    if (exponent_at != std::string_view::npos) {
        result.exponent += parse_exponent(unsigned_decimal.substr(exponent_at + 1));
    }
    return result;
}

double parse_any_length(std::string_view unsigned_decimal) {
    const Scientific scientific = to_scientific(unsigned_decimal);
    if (scientific.digits.empty()) return 0;
    const std::string text = "0." + scientific.digits + "e" + std::to_string(scientific.exponent);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc{}) return value;
    return scientific.exponent > 0 ? std::numeric_limits<double>::infinity() : 0;
}

}  // namespace

double parse_decimal(std::string_view decimal) {
    if (decimal.size() <= max_direct_length) {
        double value = 0;
        const auto [end, error] =
            std::from_chars(decimal.data(), decimal.data() + decimal.size(), value);
        if (error == std::errc{}) return value;
    }
    const bool negative = decimal.starts_with('-');
    if (negative) decimal.remove_prefix(1);
    const double magnitude = parse_any_length(decimal);
    return negative ? -magnitude : magnitude;
}

}  // namespace appcore::json
