#include "appcore/json/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace appcore::json {
namespace {

struct ByteRange {
    unsigned char first;
    unsigned char last;

    [[nodiscard]] bool contains(char byte) const {
        const auto value = static_cast<unsigned char>(byte);
        return value >= first && value <= last;
    }
};

constexpr ByteRange kContinuation = {0x80, 0xBF};

// What a lead byte asks for: the sequence's length (0: no lead byte) and the second byte's range,
// narrower where it keeps out overlong forms, surrogates and what is beyond U+10FFFF.
struct Lead {
    std::size_t length;
    ByteRange second;
};

Lead lead_of(unsigned char byte, Surrogates surrogates) {
    if (byte < 0x80) return {1, kContinuation};
    if (byte < 0xC2) return {0, kContinuation};
    if (byte < 0xE0) return {2, kContinuation};
    if (byte == 0xE0) return {3, {0xA0, 0xBF}};
    if (byte == 0xED && surrogates == Surrogates::refuse) return {3, {0x80, 0x9F}};
    if (byte < 0xF0) return {3, kContinuation};
    if (byte == 0xF0) return {4, {0x90, 0xBF}};
    if (byte < 0xF4) return {4, kContinuation};
    if (byte == 0xF4) return {4, {0x80, 0x8F}};
    return {0, kContinuation};
}

// How many bytes at the front are ASCII.
std::size_t ascii_prefix(std::string_view text) {
    constexpr std::uint64_t kHighBits = 0x8080808080808080;
    std::size_t length = 0;
    for (std::uint64_t word = 0; text.size() - length >= sizeof word; length += sizeof word) {
        std::memcpy(&word, text.data() + length, sizeof word);
        if ((word & kHighBits) != 0) break;
    }
    while (length < text.size() && static_cast<unsigned char>(text[length]) < 0x80) ++length;
    return length;
}

}  // namespace

Sequence front_sequence(std::string_view text, Surrogates surrogates) {
    const Lead lead = lead_of(static_cast<unsigned char>(text.front()), surrogates);
    if (lead.length == 0) return {1, false};
    for (std::size_t i = 1; i < lead.length; ++i) {
        const ByteRange range = i == 1 ? lead.second : kContinuation;
        if (i == text.size() || !range.contains(text[i])) return {i, false};
    }
    return {lead.length, true};
}

bool is_utf8(std::string_view text, Surrogates surrogates) {
    for (;;) {
        text.remove_prefix(ascii_prefix(text));
        if (text.empty()) return true;
        const Sequence sequence = front_sequence(text, surrogates);
        if (!sequence.valid) return false;
        text.remove_prefix(sequence.length);
    }
}

std::size_t count_code_points(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char byte) { return !kContinuation.contains(byte); }));
}

void append_code_point(std::string& text, char32_t code_point) {
    const auto append = [&text](char32_t byte) { text += static_cast<char>(byte); };
    const auto append_continuation = [&](int shift) {
        append(0x80U | ((code_point >> shift) & 0x3FU));
    };
    if (code_point < 0x80) {
        append(code_point);
    } else if (code_point < 0x800) {
        append(0xC0U | (code_point >> 6));
        append_continuation(0);
    } else if (code_point < 0x10000) {
        append(0xE0U | (code_point >> 12));
        append_continuation(6);
        append_continuation(0);
    } else {
        append(0xF0U | (code_point >> 18));
        append_continuation(12);
        append_continuation(6);
        append_continuation(0);
    }
}

std::string to_valid_utf8(std::string_view bytes, std::size_t limit) {
    std::string text;
    text.reserve(bytes.size());
    while (!bytes.empty() && text.size() <= limit) {
        const Sequence sequence = front_sequence(bytes, Surrogates::refuse);
        text += sequence.valid ? bytes.substr(0, sequence.length) : kReplacementCharacter;
        bytes.remove_prefix(sequence.length);
    }
    return text;
}

}  // namespace appcore::json
