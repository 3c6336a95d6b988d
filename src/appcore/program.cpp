#include "appcore/program.hpp"

#include <cstdio>
#include <exception>
#include <string>

#include "appcore/api/version.hpp"
#include "appcore/system/memory.hpp"

namespace appcore {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUse = 2;

void print(std::FILE* to, std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), to);
}

int fail(const Program& program, int code, std::string_view reason) {
    print(stderr, std::string(program.name).append(": ").append(reason).append("\n"));
    return code;
}

int run_command(const Program& program, const CommandLine& line) {
    switch (line.command) {
        case Command::help:
            print(stdout, std::string(program.usage) + "\n" + describe_config());
            return 0;
        case Command::version:
            print(stdout, std::string(program.name).append(" ").append(api::kVersion).append("\n"));
            return 0;
        case Command::print_config: {
            const auto lines = print_config(process_environment);
            if (!lines) return fail(program, kWrongUse, lines.error().message);
            print(stdout, lines.value());
            return 0;
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
