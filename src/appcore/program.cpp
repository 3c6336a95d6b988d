#include "appcore/program.hpp"

#include <cstdio>
#include <exception>
#include <string>

#include "appcore/api/version.hpp"
#include "appcore/json/printable.hpp"
#include "appcore/system/memory.hpp"
#include "appcore/system/standard_output.hpp"

namespace appcore {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUse = 2;

// The reason may quote what came from outside, and is one line all the same.
int fail(const Program& program, int code, std::string_view reason) {
    const std::string line =
        std::string(program.name).append(": ").append(json::printable(reason)).append("\n");
    std::fwrite(line.data(), 1, line.size(), stderr);
    return code;
}

int print(const Program& program, std::string_view text) {
    const Status printed = system::write_standard_output(text);
    return printed ? 0 : fail(program, kFailed, printed.error().message);
}

int run_command(const Program& program, const CommandLine& line) {
    switch (line.command) {
        case Command::help:
            return print(program, std::string(program.usage) + "\n" + describe_config());
        case Command::version:
            return print(program,
                         std::string(program.name).append(" ").append(api::kVersion).append("\n"));
        case Command::print_config: {
            const auto lines = print_config(process_environment);
            if (!lines) return fail(program, kWrongUse, lines.error().message);
            return print(program, lines.value());
        }
        default:
            break;
    }
    const auto config = read_config(process_environment);
    if (!config) return fail(program, kWrongUse, config.error().message);
    system::return_large_blocks();
    const Status served = program.serve(config.value(), line);
    return served ? 0 : fail(program, kFailed, served.error().message);
}

}  // namespace

int run(const Program& program, std::span<const char* const> arguments) {
    try {
        const auto line = parse_command_line(arguments);
        if (!line) return fail(program, kWrongUse, line.error().message + " (see --help)");
        return run_command(program, line.value());
    } catch (const std::exception& exception) {
        return fail(program, kFailed, exception.what());
    }
}

}  // namespace appcore
