// What the programs have in common: options, environment, and how they end.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "appcore/command_line.hpp"
#include "appcore/config.hpp"
#include "appcore/result.hpp"

namespace appcore {

struct Program {
    std::string_view name;
    std::string_view usage;  // for --help, above the environment
    std::function<Status(const Config& config, const CommandLine& line)> serve;
};

// Exit codes: 0 after SIGTERM or a command that only prints, 2 for an argument or a variable that
// makes no sense, 1 for everything else. The reason is one line on standard error.
[[nodiscard]] int run(const Program& program, std::span<const char* const> arguments);

}  // namespace appcore
