// Strings that count as numbers among the features.
#pragma once

#include <optional>
#include <string_view>

namespace appcore::schema {

// The value of `text` (UTF-8) as pydantic takes it for a float, perhaps NaN or an infinity: white
// space around it and underscores between characters are ignored, though not both in one string.
[[nodiscard]] std::optional<double> parse_feature_string(std::string_view text);

}  // namespace appcore::schema
