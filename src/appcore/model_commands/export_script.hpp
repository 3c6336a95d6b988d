// deploy/appcore_export.py, which users take to where their model was trained.
#pragma once

#include <string_view>

namespace appcore::model_commands {

[[nodiscard]] std::string_view export_script();

}  // namespace appcore::model_commands
