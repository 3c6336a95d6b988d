// What a refused document's owner can do, for messages.
#pragma once

#include <string_view>

namespace appcore::importers {

inline constexpr std::string_view kXgboostAdvice =
    "appcore knows what XGBoost 1.0 to 3.4 writes with save_model()";
inline constexpr std::string_view kExportAdvice =
    "write the file with the appcore_export.py that appcore-model export-script prints";

}  // namespace appcore::importers
