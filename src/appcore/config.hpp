// The environment, read once and checked.
#pragma once

#include <spdlog/common.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "appcore/metrics/pusher.hpp"
#include "appcore/result.hpp"

namespace appcore {

struct Config {
    std::string app_name;
    spdlog::level::level_enum log_level = spdlog::level::info;
    std::string log_file;  // empty: standard output
    unsigned workers = 1;
    std::string state_dir;
    std::string textfile_dir;  // empty: no textfile is written
    std::optional<metrics::PushTarget> pushgateway;
    std::chrono::seconds request_timeout{};
    std::chrono::milliseconds slow_request{};  // zero: none is slow
    std::uint64_t max_requests = 0;            // zero: no limit
    std::size_t max_body = 0;                  // bytes
    std::string model;                         // path of a compiled model; empty: the mean
    bool sandbox = true;                       // whether workers filter their system calls
};

// What getenv() gives, or a stand-in in tests.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;
[[nodiscard]] std::optional<std::string> process_environment(std::string_view name);

// Reads all variables; one that is unset or empty has its default. The error names the variable,
// its value and what it has to be.
[[nodiscard]] Result<Config> read_config(const Environment& environment);

// The effective values, a line NAME='value' each, quoted for a POSIX shell. Configurations of other
// programs take limits from here.
[[nodiscard]] Result<std::string> print_config(const Environment& environment);

// The variables with their defaults and meanings, for --help.
[[nodiscard]] std::string describe_config();

}  // namespace appcore
