#include "appcore/command_line.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>

namespace appcore {
namespace {

constexpr std::size_t kLongestPoolName = 16;  // it stands in every log line and label

bool is_pool_name(std::string_view name) {
    return !name.empty() && name.size() <= kLongestPoolName &&
           std::ranges::all_of(name, [](char c) { return c >= 'a' && c <= 'z'; });
}

}  // namespace

Result<CommandLine> parse_command_line(std::span<const char* const> arguments) {
    CommandLine line;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        if (argument == "--help") {
            line.command = Command::help;
        } else if (argument == "--version") {
            line.command = Command::version;
        } else if (argument == "--print-config") {
            line.command = Command::print_config;
        } else if (argument == "--slot") {
            const std::string_view text = i + 1 < arguments.size() ? arguments[++i] : "";
            const char* const end = text.data() + text.size();
            unsigned slot = 0;
            const auto [stop, error] = std::from_chars(text.data(), end, slot);
            if (error != std::errc{} || stop != end) {
                return Error{"--slot must be an integer, got '" + std::string(text) + "'"};
            }
            line.slot = slot;
        } else if (argument == "--pool") {
            line.pool = i + 1 < arguments.size() ? arguments[++i] : "";
            if (!is_pool_name(line.pool)) {
                return Error{"--pool must be 1 to 16 lower-case letters, got '" + line.pool + "'"};
            }
        } else {
            return Error{"unknown argument '" + std::string(argument) + "'"};
        }
    }
    return line;
}

std::string worker_name(const std::string& pool, unsigned slot) {
    return pool + (slot < 10 ? "-0" : "-") + std::to_string(slot);
}

}  // namespace appcore
