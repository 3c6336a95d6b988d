// Text formats of models: lines, and lists of numbers in them.
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

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

// Exactly `count` numbers, separated by spaces; nothing if there are more or less, or something
// else. Takes no more memory than a small multiple of the text.
template <typename Number>
[[nodiscard]] std::optional<std::vector<Number>> parse_list(std::string_view text,
                                                            std::size_t count) {
    std::vector<Number> numbers;
    if (count > text.size()) return std::nullopt;
    numbers.reserve(count);
    while (true) {
        const std::size_t begin = text.find_first_not_of(' ');
        if (begin == std::string_view::npos) break;
        text.remove_prefix(begin);
        const std::string_view word = text.substr(0, text.find(' '));
        const std::optional<Number> number = parse_whole<Number>(word);
        if (!number || numbers.size() == count) return std::nullopt;
        numbers.push_back(*number);
        text.remove_prefix(word.size());
    }
    if (numbers.size() != count) return std::nullopt;
    return numbers;
}

}  // namespace appcore::importers
