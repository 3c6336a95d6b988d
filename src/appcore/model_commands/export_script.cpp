#include "appcore/model_commands/export_script.hpp"

// The file's bytes as they are; Makefile rebuilds this object when the file changes.
asm(R"(
.section .rodata
.global appcore_export_script_begin
.global appcore_export_script_end
appcore_export_script_begin:
.incbin "deploy/appcore_export.py"
appcore_export_script_end:
.byte 0
.previous
)");

extern "C" {
extern const char appcore_export_script_begin[];  // NOLINT(modernize-avoid-c-arrays)
extern const char appcore_export_script_end[];    // NOLINT(modernize-avoid-c-arrays)
}

namespace appcore::model_commands {

std::string_view export_script() {
    return {appcore_export_script_begin, appcore_export_script_end};
}

}  // namespace appcore::model_commands
