#include "appcore/importers/value_reader.hpp"

#include <algorithm>
#include <cmath>

#include "appcore/importers/text_lines.hpp"

namespace appcore::importers {

std::string shown_name(std::string_view name) {
    constexpr std::size_t kShown = 60;
    std::string shown(name.substr(0, kShown));
    for (char& c : shown) {
        if (static_cast<unsigned char>(c) < ' ') c = '?';
    }
    return "'" + shown + (name.size() > kShown ? "...'" : "'");
}

Status check_members(const Value& value, std::string_view where,
                     std::span<const std::string_view> known, std::string_view advice) {
    const Object* const members = value.object();
    if (members == nullptr) return Error{shown_name(where) + " is missing or no object"};
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

Result<Numbers> read_numbers(const Value& value, std::string_view name,
                             std::optional<std::size_t> count) {
    const Value* const member = value.find(name);
    const Numbers* const numbers = member == nullptr ? nullptr : member->numbers();
    if (numbers == nullptr) return Error{shown_name(name) + " must be a list of numbers"};
    if (count && numbers->size() != *count) {
        return Error{shown_name(name) + " has " + std::to_string(numbers->size()) +
                     " elements, not " + std::to_string(*count)};
    }
    if (!std::ranges::all_of(*numbers, [](double number) { return std::isfinite(number); })) {
        return Error{shown_name(name) + " has an element that is no finite number"};
    }
    return *numbers;
}

}  // namespace appcore::importers
