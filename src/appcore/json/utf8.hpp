// UTF-8 sequences. Inside the JSON room text may hold lone surrogates as three bytes each (ED A0 80
// to ED BF BF), as Python's strings do; nothing that leaves the room does (writer.hpp).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace appcore::json {

// Whether a surrogate's three bytes are a sequence like others.
enum class Surrogates : bool { refuse, keep };

// One code point, or the bytes that one U+FFFD stands for: a maximal subpart of an ill-formed
// sequence (Unicode 15, section 3.9, table 3-7; Python's errors="replace" has it the same way).
struct Sequence {
    std::size_t length;
    bool valid;
};

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD

// The sequence at the front of `text`, which is not empty.
[[nodiscard]] Sequence front_sequence(std::string_view text, Surrogates surrogates);

[[nodiscard]] bool is_utf8(std::string_view text, Surrogates surrogates);

// How many code points valid `text` has.
[[nodiscard]] std::size_t count_code_points(std::string_view text);

// `code_point` may be a surrogate; it is at most 0x10FFFF.
void append_code_point(std::string& text, char32_t code_point);

// `bytes` with U+FFFD for whatever is not UTF-8. Once the result is longer than `limit`, what is
// left is left out.
[[nodiscard]] std::string to_valid_utf8(std::string_view bytes,
                                        std::size_t limit = std::string::npos);

}  // namespace appcore::json
