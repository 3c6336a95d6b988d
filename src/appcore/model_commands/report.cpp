#include "appcore/model_commands/report.hpp"

#include <cmath>

#include "appcore/json/number.hpp"
#include "appcore/json/utf8.hpp"
#include "appcore/json/writer.hpp"

namespace appcore::model_commands {

JsonObject& JsonObject::add_json(std::string_view name, std::string_view json) {
    if (!members_.empty()) members_ += ", ";
    members_.append(quoted(name)).append(": ").append(json);
    return *this;
}

JsonObject& JsonObject::add(std::string_view name, std::string_view text) {
    return add_json(name, quoted(text));
}

JsonObject& JsonObject::add(std::string_view name, double number) {
    return add_json(name, std::isfinite(number) ? number_text(number) : "null");
}

JsonObject& JsonObject::add(std::string_view name, std::uint64_t number) {
    return add_json(name, std::to_string(number));
}

std::string quoted(std::string_view text) {
    std::string literal;
    json::append_string(literal, json::to_valid_utf8(text));
    return literal;
}

std::string printable(std::string_view text) {
    const std::string valid = json::to_valid_utf8(text);
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

std::string number_text(double number) {
    std::string text;
    if (std::isnan(number)) return "nan";
    if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
    json::append_float(text, number);
    return text;
}

std::string grouped(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
    return digits;
}

}  // namespace appcore::model_commands
