#include "appcore/json/encoding.hpp"

#include <cstddef>

#include "appcore/json/utf8.hpp"

namespace appcore::json {
namespace {

using namespace std::string_view_literals;

enum class ByteOrder : bool { little, big };

struct Encoding {
    std::size_t unit;  // bytes of a code unit: 1, 2 or 4
    ByteOrder order;
    std::size_t mark;  // bytes of the byte order mark
};

// UTF-32's little-endian mark begins with UTF-16's, so it is looked for first.
Encoding detect_by_mark(std::string_view body) {
    if (body.starts_with("\x00\x00\xFE\xFF"sv)) return {4, ByteOrder::big, 4};
    if (body.starts_with("\xFF\xFE\x00\x00"sv)) return {4, ByteOrder::little, 4};
    if (body.starts_with("\xFE\xFF"sv)) return {2, ByteOrder::big, 2};
    if (body.starts_with("\xFF\xFE"sv)) return {2, ByteOrder::little, 2};
    if (body.starts_with("\xEF\xBB\xBF"sv)) return {1, ByteOrder::little, 3};
    return {1, ByteOrder::little, 0};
}

// JSON starts with an ASCII character, so the NULs around it tell the unit and its order.
Encoding detect(std::string_view body) {
    const Encoding marked = detect_by_mark(body);
    if (marked.mark != 0 || body.size() < 2 || body.size() == 3) return marked;
    const bool whole_unit = body.size() >= 4;
    if (body[0] == '\0') {
        if (whole_unit && body[1] == '\0') return {4, ByteOrder::big, 0};
        return {2, ByteOrder::big, 0};
    }
    if (body[1] == '\0') {
        if (whole_unit && body[2] == '\0' && body[3] == '\0') return {4, ByteOrder::little, 0};
        return {2, ByteOrder::little, 0};
    }
    return marked;
}

char32_t read_unit(std::string_view bytes, const Encoding& encoding) {
    char32_t value = 0;
    for (std::size_t i = 0; i < encoding.unit; ++i) {
        const std::size_t place = encoding.order == ByteOrder::big ? i : encoding.unit - 1 - i;
        value = (value << 8) | static_cast<unsigned char>(bytes[place]);
    }
    return value;
}

bool is_high_surrogate(char32_t unit) {
    return unit >= 0xD800 && unit <= 0xDBFF;
}
bool is_low_surrogate(char32_t unit) {
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

bool transcode(std::string_view bytes, const Encoding& encoding, std::string& text) {
    text.clear();
    if (bytes.size() % encoding.unit != 0) return false;
    text.reserve(bytes.size() / encoding.unit);
    while (!bytes.empty()) {
        char32_t code_point = read_unit(bytes, encoding);
        bytes.remove_prefix(encoding.unit);
        if (encoding.unit == 2 && is_high_surrogate(code_point) && !bytes.empty()) {
            const char32_t low = read_unit(bytes, encoding);
            if (is_low_surrogate(low)) {
                code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
                bytes.remove_prefix(encoding.unit);
            }
        }
        if (code_point > 0x10FFFF) return false;
        append_code_point(text, code_point);
    }
    return true;
}

}  // namespace

std::optional<std::string_view> decode_body(std::string_view body, std::string& storage) {
    const Encoding encoding = detect(body);
    body.remove_prefix(encoding.mark);
    if (encoding.unit == 1) {
        if (!is_utf8(body, Surrogates::keep)) return std::nullopt;
        return body;
    }
    if (!transcode(body, encoding, storage)) return std::nullopt;
    return storage;
}

}  // namespace appcore::json
