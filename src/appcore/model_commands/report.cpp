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
