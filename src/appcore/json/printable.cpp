#include "appcore/json/printable.hpp"

#include <cstddef>

#include "appcore/json/utf8.hpp"

namespace appcore::json {

std::string printable(std::string_view text) {
    const std::string valid = to_valid_utf8(text);
    std::string shown;
    for (std::size_t i = 0; i < valid.size(); ++i) {
        const auto byte = static_cast<unsigned char>(valid[i]);
        const bool is_control = byte < ' ' || byte == 0x7F;
        // U+0080 to U+009F have two bytes.
        const bool is_upper =
            byte == 0xC2 && static_cast<unsigned char>(valid[i + 1]) < 0xA0;  // valid: it has both
        shown += is_control || is_upper ? '?' : valid[i];
        if (is_upper) ++i;
    }
    return shown;
}

}  // namespace appcore::json
