// The log: one JSON object a line, with the old service's fields and a few more.
#pragma once

#include <spdlog/logger.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "appcore/monitoring/line_sink.hpp"
#include "appcore/result.hpp"

namespace appcore::monitoring {

// What is logged of one request. Any bytes may stand in the texts.
struct RequestLine {
    std::string_view request_id;
    std::string_view method;
    std::string_view path;  // decoded
    int status;
    std::chrono::nanoseconds duration;
    std::string_view client;
};

// The levels of Python's logging, by which LOG_LEVEL names them.
[[nodiscard]] Result<spdlog::level::level_enum> parse_log_level(std::string_view name);

class Log {
  public:
    // Opens `path` (empty: standard output). `process` is the field "worker" of every line. A log
    // that cannot be opened keeps no process from serving: its lines, the first of which says why,
    // go to standard output until reopen() succeeds.
    static std::unique_ptr<Log> open(std::string path, spdlog::level::level_enum level,
                                     std::string process);

    void info(std::string_view message) { event(spdlog::level::info, message); }
    void warning(std::string_view message) { event(spdlog::level::warn, message); }
    void error(std::string_view message) { event(spdlog::level::err, message); }

    // "GET /health → 200 (0.001s)" with all fields; an error from 500 on.
    void request(const RequestLine& line);

    // "GET /health is slow: 1.234 s" as a warning, with the same fields.
    void slow_request(const RequestLine& line);

    // After a rotation; on failure the old file stays in use and gets the reason.
    void reopen();

    // Lines that could not be written so far.
    [[nodiscard]] std::uint64_t dropped() const { return sink_->dropped(); }

  private:
    Log(std::shared_ptr<LineSink> sink, spdlog::level::level_enum level, std::string process);
    void event(spdlog::level::level_enum level, std::string_view message);
    void begin_request_line(const RequestLine& line);
    void end_request_line(spdlog::level::level_enum level, const RequestLine& line);

    std::shared_ptr<LineSink> sink_;
    spdlog::logger logger_;
    std::string process_;
    std::string members_;  // the line in the making; its memory serves all requests
    std::string path_;
};

}  // namespace appcore::monitoring
