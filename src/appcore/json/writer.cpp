#include "appcore/json/writer.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "appcore/json/utf8.hpp"

namespace appcore::json {
namespace {

constexpr std::size_t kSurrogateLength = 3;  // ED, A0 to BF, 80 to BF

bool is_special(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\' || c == '\xED';
}

// How many bytes at the front are not special, in steps of eight, by arithmetic on all eight at
// once (Bit Twiddling Hacks, "Determine if a word has a byte equal to n" and "less than n").
std::size_t ordinary_prefix(std::string_view text) {
    constexpr std::uint64_t kEach = 0x0101010101010101;
    constexpr std::uint64_t kHighBits = 0x80 * kEach;
    const auto below = [](std::uint64_t word, std::uint64_t limit) {
        return (word - limit * kEach) & ~word & kHighBits;
    };
    const auto any = [&below](std::uint64_t word, char c) {
        return below(word ^ (static_cast<unsigned char>(c) * kEach), 1);
    };
    std::size_t length = 0;
    for (std::uint64_t word = 0; text.size() - length >= sizeof word; length += sizeof word) {
        std::memcpy(&word, text.data() + length, sizeof word);
        const std::uint64_t special =
            below(word, 0x20) | any(word, '"') | any(word, '\\') | any(word, '\xED');
        if (special != 0) break;
    }
    return length;
}

void append_control(std::string& text, char c) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const auto code = static_cast<unsigned char>(c);
    text += "\\u00";
    text += kHex[code >> 4U];
    text += kHex[code & 0xFU];
}

void append_escaped(std::string& text, char c) {
    constexpr std::string_view kCharacters = "\"\\\b\f\n\r\t";
    constexpr std::string_view kLetters = "\"\\bfnrt";
    const std::size_t place = kCharacters.find(c);
    if (place == std::string_view::npos) {
        append_control(text, c);
    } else {
        text += '\\';
        text += kLetters[place];
    }
}

}  // namespace

void append_string(std::string& text, std::string_view value, std::size_t limit) {
    text += '"';
    std::size_t begin = 0;
    for (std::size_t at = ordinary_prefix(value); at < value.size(); ++at) {
        if (!is_special(value[at])) continue;
        if (value[at] == '\xED') {
            if (front_sequence(value.substr(at), Surrogates::refuse).valid) continue;
            text.append(value, begin, at - begin);
            text += kReplacementCharacter;
            at += kSurrogateLength - 1;
        } else {
            text.append(value, begin, at - begin);
            append_escaped(text, value[at]);
        }
        begin = at + 1;
        if (text.size() > limit) return;
    }
    text.append(value, begin);
    text += '"';
}

}  // namespace appcore::json
