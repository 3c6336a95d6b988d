// The options of the programs.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "appcore/result.hpp"

namespace appcore {

enum class Command : unsigned char { serve, help, version, print_config };

struct CommandLine {
    Command command = Command::serve;
    std::optional<unsigned> slot;  // --slot: the place in the pool
    std::string pool = "worker";   // --pool: the pool's name, lower-case letters
};

// `arguments` without the program's name. The error names the argument that makes no sense.
[[nodiscard]] Result<CommandLine> parse_command_line(std::span<const char* const> arguments);

// The name of the worker at this place, such as "blue-01", in logs, metrics and the state
// directory.
[[nodiscard]] std::string worker_name(const std::string& pool, unsigned slot);

}  // namespace appcore
