// Where log lines go: a file or a stream, one write a line.
#pragma once

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "appcore/result.hpp"
#include "appcore/system/file_descriptor.hpp"

namespace appcore::monitoring {

// Appends every formatted message with a single write(2), so that the lines of several processes
// in one file never mix (O_APPEND), nor in one pipe up to PIPE_BUF. A line that cannot be written
// is dropped and counted: a full disk or a reader that hangs never stops a request.
class LineSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
  public:
    // `path` is opened by open(); an empty one means standard output.
    explicit LineSink(std::string path) : path_(std::move(path)) {}

    // Opens the file. On failure lines go to standard output until reopen() succeeds.
    Status open();

    // Opens the file anew, after a rotation. On failure the old one stays in use.
    Status reopen();

    // Lines that were dropped so far.
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  protected:
    void sink_it_(const spdlog::details::log_msg& message) override;
    void flush_() override {}

  private:
    Status use(system::FileDescriptor file);
    bool write_whole(std::string_view line);
    [[nodiscard]] bool take_back(std::size_t size) const;

    std::string path_;
    system::FileDescriptor file_;
    spdlog::memory_buf_t line_;  // the one at hand; its memory serves all lines
    bool may_block_ = false;     // no regular file: writing to it could wait for a reader
    bool torn_ = false;          // the last line was written in part only
    std::uint64_t dropped_ = 0;
};

}  // namespace appcore::monitoring
