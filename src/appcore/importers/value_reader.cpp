#include "appcore/importers/value_reader.hpp"

#include <algorithm>
#include <cmath>

#include "appcore/importers/text_lines.hpp"
#include "appcore/json/number.hpp"

namespace appcore::importers {
namespace {

// "0.5", "'abc'", "a list of 3 numbers", "nothing".
std::string describe(const Value* value) {
    if (value == nullptr) return "nothing";
    if (const double* const number = value->number()) {
        if (std::isnan(*number)) return "NaN";
        if (std::isinf(*number)) return *number > 0 ? "Infinity" : "-Infinity";
        std::string text;
        json::append_float(text, *number);
        return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
    }
    if (const std::string* const text = value->text()) return shown_name(*text);
    if (const Numbers* const numbers = value->numbers()) {
        return "a list of " + std::to_string(numbers->size()) + " numbers";
    }
    if (value->array() != nullptr) return "a list of other values";
    return value->object() == nullptr ? "null" : "an object";
}

}  // namespace

std::string shown_name(std::string_view name) {
    constexpr std::size_t kShown = 60;
    std::string shown(name.substr(0, kShown));
    for (char& c : shown) {
        if (static_cast<unsigned char>(c) < ' ') c = '?';
    }
    return "'" + shown + (name.size() > kShown ? "...'" : "'");
}

Error must_be(std::string_view name, std::string_view what, const Value* got) {
    return Error{shown_name(name) + " must be " + std::string(what) + ", got " + describe(got)};
}

Error must_be(std::string_view name, std::string_view what, std::string_view got) {
    return Error{shown_name(name) + " must be " + std::string(what) + ", got " + shown_name(got)};
}

std::string integer_range(std::int64_t low, std::int64_t high) {
    return "an integer from " + std::to_string(low) + " to " + std::to_string(high);
}

const Value& member_of(const Value& value, std::string_view name) {
    static const Value kNothing;
    const Value* const found = value.find(name);
    return found == nullptr ? kNothing : *found;
}

std::string_view text_of(const Value& value) {
    return value.text() == nullptr ? std::string_view() : std::string_view(*value.text());
}

Status check_members(const Value& value, std::string_view where,
                     std::span<const std::string_view> known, std::string_view advice) {
    const Object* const members = value.object();
    if (members == nullptr) return Error{shown_name(where) + " is missing or not an object"};
    for (const auto& [name, member] : *members) {
        if (std::ranges::find(known, name) == known.end()) {
            return Error{shown_name(name) + " in " + shown_name(where) + " is unknown; " +
                         std::string(advice)};
        }
    }
    return Done{};
}

std::optional<std::uint32_t> read_count(const Value* value) {
    if (value == nullptr) return std::nullopt;
    if (const std::string* const text = value->text()) return parse_whole<std::uint32_t>(*text);
    const double* const number = value->number();
    constexpr double kLargest = 4294967295;
    if (number == nullptr || !(*number >= 0 && *number <= kLargest)) return std::nullopt;
    const auto count = static_cast<std::uint32_t>(*number);
    if (static_cast<double>(count) != *number) return std::nullopt;
    return count;
}

Result<std::uint32_t> read_count(const Value& value, std::string_view name, std::uint32_t low,
                                 std::uint32_t high) {
    const Value* const member = value.find(name);
    const std::optional<std::uint32_t> count = read_count(member);
    if (count && *count >= low && *count <= high) return *count;
    return must_be(name, integer_range(low, high), member);
}

Result<const Numbers*> find_numbers(const Value& value, std::string_view name,
                                    std::optional<std::size_t> count) {
    const Value* const member = value.find(name);
    const Numbers* const numbers = member == nullptr ? nullptr : member->numbers();
    if (numbers != nullptr && (!count || numbers->size() == *count)) return numbers;
    const std::string number = count ? std::to_string(*count) + " " : "";
    return must_be(name, "a list of " + number + "numbers", member);
}

Result<Numbers> read_numbers(const Value& value, std::string_view name,
                             std::optional<std::size_t> count) {
    const Result<const Numbers*> found = find_numbers(value, name, count);
    if (!found) return found.error();
    const Numbers& numbers = *found.value();
    const auto wrong =
        std::ranges::find_if(numbers, [](double number) { return !std::isfinite(number); });
    if (wrong == numbers.end()) return numbers;
    const Value got{*wrong};
    return must_be(name, "a list of finite numbers", &got);
}

}  // namespace appcore::importers
