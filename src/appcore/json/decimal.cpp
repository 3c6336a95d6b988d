#include "appcore/json/decimal.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <system_error>

namespace appcore::json {
namespace {

constexpr std::int64_t kMaxExponent = 1'000'000'000'000;  // more than any body has digits

std::int64_t parse_exponent(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    std::int64_t value = 0;
    for (const char digit : text) {
        value = std::min(value * 10 + (digit - '0'), kMaxExponent);
    }
    return negative ? -value : value;
}

// Whether `decimal`, which is not zero and not near one, is far above one rather than far below.
bool is_large(std::string_view decimal) {
    const std::size_t mark = std::min(decimal.find_first_of("eE"), decimal.size());
    const std::string_view mantissa = decimal.substr(0, mark);
    const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
    const std::size_t first_digit = mantissa.find_first_of("123456789");
    const std::int64_t magnitude =
        static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first_digit);
    return magnitude + (mark == decimal.size() ? 0 : parse_exponent(decimal.substr(mark + 1))) > 0;
}

}  // namespace

double parse_decimal(std::string_view decimal) {
    double value = 0;
    const auto [end, error] =
        std::from_chars(decimal.data(), decimal.data() + decimal.size(), value);
    if (error == std::errc{}) return value;
    // Out of range, and from_chars does not say on which side.
    const double magnitude = is_large(decimal) ? std::numeric_limits<double>::infinity() : 0;
    return decimal.starts_with('-') ? -magnitude : magnitude;
}

}  // namespace appcore::json
