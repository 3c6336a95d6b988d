// Words of the documents of appcore_export.py.
#pragma once

#include <string_view>

namespace appcore::importers {

inline constexpr std::string_view kExportAdvice =
    "write the file with the appcore_export.py that appcore-model export-script prints";

}  // namespace appcore::importers
