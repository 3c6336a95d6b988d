// The identity of one request as nginx names it, for telling a repeated request from a new one.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace appcore::monitoring {

// The 16 bytes of nginx's $request_id. All zero means: no key.
struct RequestKey {
    std::array<std::uint64_t, 2> words{};

    [[nodiscard]] bool empty() const { return words[0] == 0 && words[1] == 0; }
    friend bool operator==(const RequestKey&, const RequestKey&) = default;
};

// Reads 32 hexadecimal digits, nothing else.
[[nodiscard]] inline std::optional<RequestKey> parse_request_key(std::string_view text) {
    constexpr std::size_t word_digits = 16;
    RequestKey key;
    if (text.size() != word_digits * key.words.size()) return std::nullopt;
    for (std::uint64_t& word : key.words) {
        const char* const end = text.data() + word_digits;
        if (std::from_chars(text.data(), end, word, 16).ptr != end) return std::nullopt;
        text.remove_prefix(word_digits);
    }
    return key;
}

}  // namespace appcore::monitoring
