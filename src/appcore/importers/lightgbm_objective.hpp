// What LightGBM makes of raw scores.
#pragma once

#include <string_view>

#include "appcore/importers/source.hpp"

namespace appcore::importers {

// Sets the link of `source`, whose outputs are known, from the line's value: an objective's name
// and its parameters; empty for a custom objective. Unknown ones are refused by name.
[[nodiscard]] Status read_lightgbm_objective(std::string_view text, Source& source);

}  // namespace appcore::importers
