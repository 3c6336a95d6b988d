#include "appcore/schema/feature_string.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <string>

#include "appcore/json/decimal.hpp"

namespace appcore::schema {
namespace {

// Unicode's property White_Space, without what is Python's or C's own idea of it (U+001C to
// U+001F).
constexpr std::array<std::string_view, 25> kWhiteSpace = {
    "\t",           "\n",           "\v",           "\f",           "\r",           " ",
    "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81", "\xE2\x80\x82",
    "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86", "\xE2\x80\x87", "\xE2\x80\x88",
    "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F",
    "\xE3\x80\x80"};

// All white space in ASCII is at most U+0020; this spares most characters the search.
bool may_be_space(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte >= 0x80;
}

template <typename Matches>
std::size_t space_length(Matches matches) {
    const auto* const found = std::find_if(kWhiteSpace.begin(), kWhiteSpace.end(), matches);
    return found == kWhiteSpace.end() ? 0 : found->size();
}

std::size_t leading_space(std::string_view text) {
    if (text.empty() || !may_be_space(text.front())) return 0;
    return space_length([text](std::string_view space) { return text.starts_with(space); });
}

std::size_t trailing_space(std::string_view text) {
    if (text.empty() || !may_be_space(text.back())) return 0;
    return space_length([text](std::string_view space) { return text.ends_with(space); });
}

std::string_view trim(std::string_view text) {
    while (const std::size_t length = leading_space(text)) text.remove_prefix(length);
    while (const std::size_t length = trailing_space(text)) text.remove_suffix(length);
    return text;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Takes the digits at the front of `text`; returns how many.
std::size_t take_digits(std::string_view& text) {
    const auto* const end = std::find_if_not(text.begin(), text.end(), is_digit);
    const auto count = static_cast<std::size_t>(end - text.begin());
    text.remove_prefix(count);
    return count;
}

bool take_sign(std::string_view& text) {
    if (!text.starts_with('+') && !text.starts_with('-')) return false;
    text.remove_prefix(1);
    return true;
}

// Digits with an optional point on either side of which they may be missing, not on both, and an
// optional exponent.
bool is_decimal(std::string_view text) {
    std::size_t digits = take_digits(text);
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        digits += take_digits(text);
    }
    if (digits == 0) return false;
    if (text.empty()) return true;
    if (text.front() != 'e' && text.front() != 'E') return false;
    text.remove_prefix(1);
    take_sign(text);
    return take_digits(text) > 0 && text.empty();
}

bool is_word(std::string_view text, std::string_view lower_case) {
    return std::equal(
        text.begin(), text.end(), lower_case.begin(), lower_case.end(),
        [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

std::optional<double> parse_number(std::string_view text) {
    std::string_view magnitude = text;
    take_sign(magnitude);
    if (text.starts_with('+')) text = magnitude;
    if (is_decimal(magnitude)) return json::parse_decimal(text);
    if (is_word(magnitude, "nan")) return std::numeric_limits<double>::quiet_NaN();
    if (is_word(magnitude, "inf") || is_word(magnitude, "infinity")) {
        const double infinity = std::numeric_limits<double>::infinity();
        return text.starts_with('-') ? -infinity : infinity;
    }
    return std::nullopt;
}

}  // namespace

std::optional<double> parse_feature_string(std::string_view text) {
    const std::optional<double> value = parse_number(trim(text));
    if (value || text.find('_') == std::string_view::npos) return value;
    const bool misplaced =
        text.starts_with('_') || text.ends_with('_') || text.find("__") != std::string_view::npos;
    if (misplaced) return std::nullopt;
    std::string without(text);
    std::erase(without, '_');
    return parse_number(without);
}

}  // namespace appcore::schema
