#include "appcore/json/string_literal.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>

#include "appcore/json/utf8.hpp"

namespace appcore::json {
namespace {

constexpr std::size_t kHexDigits = 4;  // of \uXXXX
constexpr std::size_t kUnicodeEscapeLength = 2 + kHexDigits;

// Each escaped character stands where the character that it means stands in the other string.
constexpr std::string_view kEscaped = "\"\\/bfnrt";
constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";

bool is_plain(char c) {
    return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20;
}

// The four hexadecimal digits after "\u" at the front of `text`.
std::optional<char32_t> unicode_escape(std::string_view text) {
    if (!text.starts_with("\\u") || text.size() < kUnicodeEscapeLength) return std::nullopt;
    std::uint32_t unit = 0;
    const char* const end = text.data() + kUnicodeEscapeLength;
    const auto [stop, error] = std::from_chars(text.data() + 2, end, unit, 16);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return static_cast<char32_t>(unit);
}

// Takes the escape at the front of a valid literal's rest: two of them for a surrogate pair.
char32_t take_unicode_escape(std::string_view& rest) {
    const char32_t unit = *unicode_escape(rest);
    rest.remove_prefix(kUnicodeEscapeLength);
    if (unit < 0xD800 || unit > 0xDBFF) return unit;
    const std::optional<char32_t> low = unicode_escape(rest);
    if (!low || *low < 0xDC00 || *low > 0xDFFF) return unit;
    rest.remove_prefix(kUnicodeEscapeLength);
    return 0x10000 + ((unit - 0xD800) << 10) + (*low - 0xDC00);
}

}  // namespace

std::optional<SyntaxError> scan_string(std::string_view text, std::size_t begin, std::size_t& end) {
    std::size_t at = begin + 1;
    for (;;) {
        while (at < text.size() && is_plain(text[at])) ++at;
        if (at == text.size()) return SyntaxError{message::kUnterminated, begin};
        if (text[at] == '"') {
            end = at + 1;
            return std::nullopt;
        }
        if (text[at] != '\\') return SyntaxError{message::kControl, at};
        if (at + 1 == text.size()) return SyntaxError{message::kUnterminated, begin};
        if (text[at + 1] == 'u') {
            const bool last = at + kUnicodeEscapeLength >= text.size();  // no closing quote
            if (last || !unicode_escape(text.substr(at))) {
                return SyntaxError{message::kUnicodeEscape, at + 1};
            }
            at += kUnicodeEscapeLength;
        } else {
            if (kEscaped.find(text[at + 1]) == std::string_view::npos) {
                return SyntaxError{message::kEscape, at};
            }
            at += 2;
        }
    }
}

std::string_view string_value(std::string_view literal, std::string& storage) {
    std::string_view rest = literal.substr(1, literal.size() - 2);
    if (rest.find('\\') == std::string_view::npos) return rest;
    storage.clear();
    storage.reserve(rest.size());
    while (!rest.empty()) {
        const std::size_t plain = std::min(rest.find('\\'), rest.size());
        storage += rest.substr(0, plain);
        rest.remove_prefix(plain);
        if (rest.starts_with("\\u")) {
            append_code_point(storage, take_unicode_escape(rest));
        } else if (!rest.empty()) {
            storage += kMeant[kEscaped.find(rest[1])];
            rest.remove_prefix(2);
        }
    }
    return storage;
}

}  // namespace appcore::json
