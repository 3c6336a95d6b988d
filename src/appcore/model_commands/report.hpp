// What a command prints: lines for people, or one JSON object.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "appcore/json/printable.hpp"

namespace appcore::model_commands {

// Members of a JSON object in the order in which they are added.
class JsonObject {
  public:
    JsonObject& add(std::string_view name, std::string_view text);
    JsonObject& add(std::string_view name, double number);
    JsonObject& add(std::string_view name, std::uint64_t number);
    JsonObject& add_json(std::string_view name, std::string_view json);

    [[nodiscard]] std::string text() const { return "{" + members_ + "}"; }

  private:
    std::string members_;
};

// A JSON string; what is not UTF-8 is replaced.
[[nodiscard]] std::string quoted(std::string_view text);

using json::printable;

// Python's repr() of the number; "inf" and "nan" for what is not finite.
[[nodiscard]] std::string number_text(double number);

// 1234567 as "1,234,567".
[[nodiscard]] std::string grouped(std::uint64_t number);

}  // namespace appcore::model_commands
