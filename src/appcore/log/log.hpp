// The log: one JSON object a line, with the old service's fields and a few more.
#pragma once

#include <spdlog/logger.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "appcore/log/ring_sink.hpp"
#include "appcore/log/writer.hpp"
#include "appcore/result.hpp"

namespace appcore::log {

// The trace that a request belongs to, by the names of OpenTelemetry; all empty for none.
struct TraceFields {
    std::string_view trace_id;
    std::string_view span_id;  // the caller's
    std::string_view flags;
};

// What is logged of one request, but for its times. Any bytes may stand in the texts.
struct RequestLine {
    std::string_view request_id;
    std::string_view method;
    std::string_view path;  // decoded
    int status;
    std::string_view client;
    std::string_view key = {};  // the name of the caller's; no field where it is empty
    TraceFields trace = {};
};

struct RequestTimes {
    std::chrono::nanoseconds duration;             // from its first byte here to its finished reply
    std::optional<std::chrono::nanoseconds> wait;  // before that, if known
};

// The levels of Python's logging, by which LOG_LEVEL names them.
[[nodiscard]] Result<spdlog::level::level_enum> parse_log_level(std::string_view name);

// The thread that serves requests says what there is to say; another one writes it (writer.hpp), so
// that no disk and no reader of the log is ever in the way of a request. Lines wait in a ring, the
// one of a file where there is one: then they outlive the process.
class Log {
  public:
    // Opens `path` (empty: standard output). `process` is the field "worker" of every line. A log
    // that cannot be opened keeps no process from serving: its lines go to standard output until
    // reopen() succeeds. Fails for lack of memory or threads only.
    static Result<std::unique_ptr<Log>> open(std::string path, spdlog::level::level_enum level,
                                             std::string_view process);

    void info(std::string_view message) { event(spdlog::level::info, message); }
    void warning(std::string_view message) { event(spdlog::level::warn, message); }
    void error(std::string_view message) { event(spdlog::level::err, message); }

    // --- the lines of a request: written when it is finished, or never
    // First: prepares what does not depend on its times, so that little is left to do after its
    // duration was taken. The texts are not needed afterwards.
    void begin_request(const RequestLine& line);
    // "GET /health → 200 (0.001s)" with all fields; an error from 500 on.
    void end_request(const RequestTimes& times);
    // "GET /health is slow: 1.234 s" as a warning, with the same fields.
    void slow_request(const RequestTimes& times);
    // Up to where the ring holds them; for RequestRecord.
    [[nodiscard]] log::Position position() const { return sink_->ring().end(); }
    void publish();
    void take_back() { sink_->ring().take_back(); }

    // --- the ring
    [[nodiscard]] std::uint64_t ring_identity() const { return sink_->ring().identity(); }
    // What comes from now on goes into this ring.
    void use(std::shared_ptr<log::Ring> ring);
    // Writes the lines of this ring, too.
    void adopt(std::shared_ptr<log::Ring> ring, std::function<void()> when_written);

    // After a rotation; on failure the old file stays in use and gets the reason.
    void reopen() { writer_.reopen(); }
    // Says why the log could not be opened, if so; to be called between requests.
    void report_problem();
    // Writes what is left, as far as that is possible within a moment. The last call.
    void finish() { writer_.finish(); }

    // Lines that found no room so far.
    [[nodiscard]] std::uint64_t dropped() const { return sink_->dropped(); }

  private:
    Log(std::shared_ptr<log::Ring> ring, std::string path, spdlog::level::level_enum level,
        std::string_view process);
    void event(spdlog::level::level_enum level, std::string_view message);
    void finish_line(spdlog::level::level_enum level, const RequestTimes& times);

    std::shared_ptr<log::RingSink> sink_;
    spdlog::logger logger_;
    std::string worker_;   // the field
    std::string members_;  // the line in the making; its memory serves all requests
    // Of the request at hand:
    spdlog::level::level_enum level_ = spdlog::level::off;
    int status_ = 0;
    std::string head_;      // its message up to the path
    std::string fields_;    // from the message's end to the duration
    std::string trailing_;  // behind its times
    log::Writer writer_;
};

}  // namespace appcore::log
