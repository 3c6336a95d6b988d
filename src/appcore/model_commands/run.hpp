// The program appcore-model: the only one that reads models in the formats of others.
#pragma once

#include <span>

namespace appcore::model_commands {

// `arguments` are those of main() without the program's name. Returns the exit code: 0 done, 1 the
// command failed, 2 wrong use; the reason is one line on standard error.
[[nodiscard]] int run(std::span<const char* const> arguments);

}  // namespace appcore::model_commands
