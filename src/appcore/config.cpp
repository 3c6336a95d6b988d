#include "appcore/config.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <system_error>

#include "appcore/log/log.hpp"

namespace appcore {
namespace {

// What is wrong: "must be ...", or nothing.
using Problem = std::optional<std::string>;

struct Variable {
    std::string_view name;
    std::string_view fallback;
    std::string_view meaning;
    Problem (*store)(std::string_view text, Config& config);
};

template <typename Number>
Problem store_number(std::string_view text, Number low, Number high, Number& to) {
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, to);
    if (error == std::errc{} && stop == end && to >= low && to <= high) return std::nullopt;
    return "must be an integer from " + std::to_string(low) + " to " + std::to_string(high);
}

// Seconds, to the millisecond. Less is refused, since it would become 0, which may mean never.
Problem store_seconds(std::string_view text, double high, std::chrono::milliseconds& to) {
    const char* const end = text.data() + text.size();
    double seconds = 0;
    const auto [stop, error] = std::from_chars(text.data(), end, seconds, std::chars_format::fixed);
    const bool is_in_range = seconds == 0 || (seconds >= 0.001 && seconds <= high);
    if (error != std::errc{} || stop != end || !is_in_range) {
        return "must be 0 or a number from 0.001 to " + std::to_string(static_cast<long>(high));
    }
    to = std::chrono::round<std::chrono::milliseconds>(std::chrono::duration<double>(seconds));
    return std::nullopt;
}

Problem check_number(std::string_view text, unsigned low, unsigned high) {
    unsigned number = 0;
    return store_number(text, low, high, number);
}

Problem store_text(std::string_view text, std::string& to) {
    to = text;
    return std::nullopt;
}

Problem store_path(std::string_view text, std::string& to) {
    to = text;
    return text.empty() || text.front() == '/' ? std::nullopt : Problem("must be an absolute path");
}

// Where the port of "host:port" begins; nothing if the text is not of that form.
std::optional<std::size_t> port_in(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    unsigned port = 0;
    if (colon == std::string_view::npos || colon == 0 ||
        store_number(text.substr(colon + 1), 1U, 65535U, port)) {
        return std::nullopt;
    }
    return colon + 1;
}

Problem store_push_target(std::string_view text, std::optional<metrics::PushTarget>& to) {
    if (text.empty()) return std::nullopt;
    const auto port = port_in(text);
    if (!port) return "must be host:port";
    to = {std::string(text.substr(0, *port - 1)), std::string(text.substr(*port))};
    return std::nullopt;
}

// Host names and IPv4 addresses: supervisord's tcp:// knows no others.
Problem check_peer(std::string_view text) {
    constexpr std::string_view kAllowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    const auto port = port_in(text);
    if (port && text.substr(0, *port - 1).find_first_not_of(kAllowed) == std::string_view::npos) {
        return std::nullopt;
    }
    return "must be host:port with a name or an IPv4 address";
}

Problem check_peers(std::string_view text) {
    while (!text.empty()) {
        const std::string_view peer = text.substr(0, text.find(' '));
        if (!peer.empty() && check_peer(peer)) {
            return "must be a list of host:port, separated by spaces, with names or IPv4 addresses";
        }
        text.remove_prefix(std::min(peer.size() + 1, text.size()));
    }
    return std::nullopt;
}

constexpr unsigned kMostWorkers = 64;             // slots that a scrape has to merge
constexpr std::size_t kLargestBody = 1U << 30U;   // a worker holds a body in memory
constexpr unsigned kLongestTimeout = 3600;        // a client has given up long before
constexpr unsigned kLongestQueue = 65535;         // more connections nginx does not hold
constexpr unsigned kHighestClientLimit = 999999;  // a higher one limits nothing

constexpr double kSlowest = 3600;  // seconds, as above
constexpr std::uint64_t kMostRequests = 1'000'000'000'000;

constexpr std::array<Variable, 19> kVariables = {{
    {"APP_NAME", "practical-production-service",
     "the name in the log line of a start and on /status",
     [](std::string_view text, Config& config) { return store_text(text, config.app_name); }},
    {"LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING, ERROR or CRITICAL",
     [](std::string_view text, Config& config) -> Problem {
         const auto level = log::parse_log_level(text);
         if (!level) return level.error().message;
         config.log_level = level.value();
         return std::nullopt;
     }},
    {"APPCORE_LOG_FILE", "", "file that log lines are appended to; empty: standard output",
     [](std::string_view text, Config& config) { return store_path(text, config.log_file); }},
    {"APPCORE_WORKERS", "1", "number of workers in the pool",
     [](std::string_view text, Config& config) {
         return store_number(text, 1U, kMostWorkers, config.workers);
     }},
    {"APPCORE_STATE_DIR", "/run/appcore/state",
     "directory of counts and waiting log lines; must be memory (tmpfs): a stalled disk would "
     "stall replies",
     [](std::string_view text, Config& config) { return store_path(text, config.state_dir); }},
    {"APPCORE_TEXTFILE_DIR", "", "directory for appcore.prom (node-exporter); empty: none",
     [](std::string_view text, Config& config) { return store_path(text, config.textfile_dir); }},
    {"APPCORE_PUSHGATEWAY", "", "host:port of a Pushgateway to push to every 15 s; empty: none",
     [](std::string_view text, Config& config) {
         return store_push_target(text, config.pushgateway);
     }},
    {"APPCORE_REQUEST_TIMEOUT", "30",
     "seconds; a longer request gets a 504, and its worker is replaced",
     [](std::string_view text, Config& config) {
         unsigned seconds = 0;
         Problem problem = store_number(text, 1U, kLongestTimeout, seconds);
         config.request_timeout = std::chrono::seconds(seconds);
         return problem;
     }},
    {"APPCORE_SLOW_REQUEST", "1",
     "seconds, decimals allowed; a longer request is also logged as slow; 0: never",
     [](std::string_view text, Config& config) {
         return store_seconds(text, kSlowest, config.slow_request);
     }},
    {"APPCORE_MAX_REQUESTS", "0",
     "requests, plus or minus 10 %, after which a worker is recycled; 0: never",
     [](std::string_view text, Config& config) {
         return store_number(text, std::uint64_t{0}, kMostRequests, config.max_requests);
     }},
    {"APPCORE_MODEL", "",
     "compiled model (appcore-model compile) that the workers serve; empty: the mean of the "
     "features",
     [](std::string_view text, Config& config) { return store_path(text, config.model); }},
    {"APPCORE_SANDBOX", "on",
     "on or off: whether workers give up the system calls that serving does not need",
     [](std::string_view text, Config& config) -> Problem {
         if (text != "on" && text != "off") return "must be on or off";
         config.sandbox = text == "on";
         return std::nullopt;
     }},
    {"APPCORE_MAX_BODY", "33554432", "largest request body in bytes; a larger one gets a 413",
     [](std::string_view text, Config& config) {
         return store_number(text, std::size_t{1}, kLargestBody, config.max_body);
     }},
    // For nginx; checked here with the others.
    {"APPCORE_QUEUE", "1000",
     "requests that each nginx process keeps in flight; one more gets a 503",
     [](std::string_view text, Config&) { return check_number(text, 1U, kLongestQueue); }},
    {"APPCORE_CLIENT_RATE", "0",
     "requests per second from one address, with bursts of the same size; one more gets a 429; 0: "
     "no limit",
     [](std::string_view text, Config&) { return check_number(text, 0U, kHighestClientLimit); }},
    {"APPCORE_CLIENT_CONNECTIONS", "0",
     "concurrent requests from one address; one more gets a 429; 0: no limit",
     [](std::string_view text, Config&) { return check_number(text, 0U, kHighestClientLimit); }},
    {"APPCORE_DRAIN_SECONDS", "2",
     "seconds for which a stop lets /ready answer 503 and serves on, so that load balancers look "
     "elsewhere",
     [](std::string_view text, Config&) { return check_number(text, 0U, kLongestTimeout); }},
    // Several machines.
    {"APPCORE_PEERS", "", "host:port of other machines' pools, separated by spaces; empty: none",
     [](std::string_view text, Config&) { return check_peers(text); }},
    {"APPCORE_PEER_LISTEN", "",
     "host:port at which a second set of workers serves the nginx of other machines; empty: none",
     [](std::string_view text, Config&) { return text.empty() ? std::nullopt : check_peer(text); }},
}};

std::string value_of(const Variable& variable, const Environment& environment) {
    const auto value = environment(variable.name);
    return value && !value->empty() ? *value : std::string(variable.fallback);
}

std::string quote_for_shell(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'') {
            quoted.append(R"('\'')");
        } else {
            quoted.push_back(c);
        }
    }
    return quoted.append("'");
}

}  // namespace

std::optional<std::string> process_environment(std::string_view name) {
    // Read at the start, before there could be a thread that changes it.
    const char* const value =
        std::getenv(std::string(name).c_str());  // NOLINT(concurrency-mt-unsafe)
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Result<Config> read_config(const Environment& environment) {
    Config config;
    for (const Variable& variable : kVariables) {
        const std::string text = value_of(variable, environment);
        if (const Problem problem = variable.store(text, config)) {
            return Error{std::string(variable.name) + " " + *problem + ", got '" + text + "'"};
        }
    }
    return config;
}

Result<std::string> print_config(const Environment& environment) {
    if (const auto config = read_config(environment); !config) return config.error();
    std::string lines;
    for (const Variable& variable : kVariables) {
        lines.append(variable.name).append("=");
        lines.append(quote_for_shell(value_of(variable, environment))).append("\n");
    }
    return lines;
}

std::string describe_config() {
    std::string lines = "Environment:\n";
    for (const Variable& variable : kVariables) {
        lines.append("  ").append(variable.name).append("  ").append(variable.meaning);
        if (!variable.fallback.empty()) {
            lines.append(" (default ").append(variable.fallback).append(")");
        }
        lines.append("\n");
    }
    return lines;
}

}  // namespace appcore
