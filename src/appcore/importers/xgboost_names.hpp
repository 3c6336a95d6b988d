// Words of XGBoost's documents.
#pragma once

#include <string_view>

namespace appcore::importers {

inline constexpr std::string_view kXgboostAdvice =
    "appcore knows what XGBoost 1.0 to 3.4 writes with save_model()";

}  // namespace appcore::importers
