// Text formats of models: lines, and lists of numbers in them.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "appcore/importers/value_reader.hpp"
#include "appcore/result.hpp"

namespace appcore::importers {

// Hands out the lines of a text, without what ends them.
class Lines {
  public:
    explicit Lines(std::string_view text) : rest_(text) {}

    // The next line; nothing after the last one.
    [[nodiscard]] std::optional<std::string_view> next() {
        if (rest_.empty()) return std::nullopt;
        const std::size_t end = rest_.find('\n');
        std::string_view line = rest_.substr(0, end);
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        return line;
    }

  private:
    std::string_view rest_;
};

// The whole text as one number; nothing if it is not a number. No locale.
template <typename Number>
[[nodiscard]] std::optional<Number> parse_whole(std::string_view text) {
    Number number{};
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return number;
}

// The next word of a text whose words are separated by spaces, which is taken from its front; an
// empty one after the last.
[[nodiscard]] inline std::string_view next_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    return word;
}

// Exactly `count` numbers, separated by spaces. The error says what is there instead: "got 3
// numbers". Takes no more memory than a small multiple of the text.
template <typename Number>
[[nodiscard]] Result<std::vector<Number>> parse_list(std::string_view text, std::size_t count) {
    std::vector<Number> numbers;
    numbers.reserve(std::min(count, text.size() / 2 + 1));  // as many as there can be
    std::size_t words = 0;
    for (std::string_view word = next_word(text); !word.empty(); word = next_word(text), ++words) {
        const std::optional<Number> number = parse_whole<Number>(word);
        if (!number) return Error{"got " + shown_name(word)};
        if (words < count) numbers.push_back(*number);
    }
    if (words == count) return numbers;
    return Error{"got " + std::to_string(words) + " numbers"};
}

}  // namespace appcore::importers
