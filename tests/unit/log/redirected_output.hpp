// Standard output, or error, of the test's own process in a file, for a while.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "appcore/system/file_descriptor.hpp"

// From its making to its end, what is written to `stream` is appended to `path`.
class RedirectedOutput {
  public:
    explicit RedirectedOutput(const std::string& path, std::FILE* stream = stdout)
        : stream_(stream) {
        std::fflush(stream_);
        const appcore::system::FileDescriptor file(
            ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
        ::dup2(file.get(), ::fileno(stream_));
    }
    ~RedirectedOutput() {
        std::fflush(stream_);
        ::dup2(before_.get(), ::fileno(stream_));
    }
    RedirectedOutput(const RedirectedOutput&) = delete;
    RedirectedOutput& operator=(const RedirectedOutput&) = delete;

  private:
    std::FILE* stream_;
    appcore::system::FileDescriptor before_{fcntl(::fileno(stream_), F_DUPFD_CLOEXEC, 0)};
};
