// Reads what must be in a document, and refuses by name what must not.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "appcore/importers/document.hpp"
#include "appcore/result.hpp"

namespace appcore::importers {

// A name as it may stand in a message.
[[nodiscard]] std::string shown_name(std::string_view name);

// Fails if `value` is no object, or has a member that is not in `known`. `where` names the value;
// `advice` says what to do about an unknown one.
[[nodiscard]] Status check_members(const Value& value, std::string_view where,
                                   std::span<const std::string_view> known,
                                   std::string_view advice);

// The number in a member that is a number, or a string that holds one, as XGBoost's parameters are.
[[nodiscard]] std::optional<std::uint32_t> read_count(const Value* value);

// The member `name` of `value` as a list of numbers, each an integer from `low` to `high`. Any
// number of them, or `count`. The error names the member.
template <typename Integer>
[[nodiscard]] Result<std::vector<Integer>> read_integers(const Value& value, std::string_view name,
                                                         double low, double high,
                                                         std::optional<std::size_t> count = {}) {
    const Value* const member = value.find(name);
    const Numbers* const numbers = member == nullptr ? nullptr : member->numbers();
    const auto wrong = [&](const std::string& what) {
        return Error{"'" + std::string(name) + "' " + what};
    };
    if (numbers == nullptr) return wrong("must be a list of numbers");
    if (count && numbers->size() != *count) {
        return wrong("has " + std::to_string(numbers->size()) + " elements, not " +
                     std::to_string(*count));
    }
    std::vector<Integer> integers;
    integers.reserve(numbers->size());
    for (const double number : *numbers) {
        // Not a number fails the comparison; the bounds are integers, and those of Integer or less.
        if (!(number >= low && number <= high) ||
            number != static_cast<double>(static_cast<std::int64_t>(number))) {
            return wrong("has an element that is no index");
        }
        integers.push_back(static_cast<Integer>(static_cast<std::int64_t>(number)));
    }
    return integers;
}

// The member `name` as a list of `count` finite numbers.
[[nodiscard]] Result<Numbers> read_numbers(const Value& value, std::string_view name,
                                           std::optional<std::size_t> count);

}  // namespace appcore::importers
