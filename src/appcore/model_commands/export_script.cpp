#include "appcore/model_commands/export_script.hpp"

#include "appcore/system/embedded_file.hpp"

APPCORE_EMBEDDED_FILE(appcore_export_script, "deploy/appcore_export.py");

namespace appcore::model_commands {

std::string_view export_script() {
    return {appcore_export_script_begin, appcore_export_script_end};
}

}  // namespace appcore::model_commands
