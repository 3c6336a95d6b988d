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

// "'num_feature' must be an integer from 1 to 65535, got 0": what is there instead is `got`,
// nothing if it is missing.
[[nodiscard]] Error must_be(std::string_view name, std::string_view what, const Value* got);
[[nodiscard]] Error must_be(std::string_view name, std::string_view what, std::string_view got);
[[nodiscard]] std::string integer_range(std::int64_t low, std::int64_t high);

// The member `name` of an object; one without content if there is none.
[[nodiscard]] const Value& member_of(const Value& value, std::string_view name);

// The text of a string; empty for everything else.
[[nodiscard]] std::string_view text_of(const Value& value);

// Fails if `value` is not an object, or has a member that is not in `known`. `where` names the
// value; `advice` says what to do about an unknown one.
[[nodiscard]] Status check_members(const Value& value, std::string_view where,
                                   std::span<const std::string_view> known,
                                   std::string_view advice);

// The number in a member that is a number, or a string that holds one, as XGBoost's parameters are.
[[nodiscard]] std::optional<std::uint32_t> read_count(const Value* value);

// The member `name` of `value` as an integer from `low` to `high`.
[[nodiscard]] Result<std::uint32_t> read_count(const Value& value, std::string_view name,
                                               std::uint32_t low, std::uint32_t high);

// The member `name` of `value` as a list of numbers, of any length or of `count`.
[[nodiscard]] Result<const Numbers*> find_numbers(const Value& value, std::string_view name,
                                                  std::optional<std::size_t> count);

// `numbers`, which `name` names, each of them an integer from `low` to `high`, which Integer holds.
template <typename Integer>
[[nodiscard]] Result<std::vector<Integer>> to_integers(const Numbers& numbers,
                                                       std::string_view name, std::int64_t low,
                                                       std::int64_t high) {
    std::vector<Integer> integers;
    integers.reserve(numbers.size());
    for (const double number : numbers) {
        // Not a number fails the comparison.
        if (!(number >= static_cast<double>(low) && number <= static_cast<double>(high)) ||
            number != static_cast<double>(static_cast<std::int64_t>(number))) {
            const Value got{number};
            return must_be(name, "a list with each element " + integer_range(low, high), &got);
        }
        integers.push_back(static_cast<Integer>(static_cast<std::int64_t>(number)));
    }
    return integers;
}

// The member `name` of `value` as a list of such integers, of any length or of `count`.
template <typename Integer>
[[nodiscard]] Result<std::vector<Integer>> read_integers(const Value& value, std::string_view name,
                                                         std::int64_t low, std::int64_t high,
                                                         std::optional<std::size_t> count = {}) {
    const Result<const Numbers*> numbers = find_numbers(value, name, count);
    if (!numbers) return numbers.error();
    return to_integers<Integer>(*numbers.value(), name, low, high);
}

// The same as a list of finite numbers.
[[nodiscard]] Result<Numbers> read_numbers(const Value& value, std::string_view name,
                                           std::optional<std::size_t> count);

}  // namespace appcore::importers
