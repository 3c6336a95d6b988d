// Standard output of the test's own process in a file, for a while.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "appcore/system/file_descriptor.hpp"

// From its making to its end, what is written to standard output is appended to `path`.
class RedirectedOutput {
  public:
    explicit RedirectedOutput(const std::string& path) {
        std::fflush(stdout);
        const appcore::system::FileDescriptor file(
            ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
        ::dup2(file.get(), STDOUT_FILENO);
    }
    ~RedirectedOutput() {
        std::fflush(stdout);
        ::dup2(before_.get(), STDOUT_FILENO);
    }
    RedirectedOutput(const RedirectedOutput&) = delete;
    RedirectedOutput& operator=(const RedirectedOutput&) = delete;

  private:
    appcore::system::FileDescriptor before_{fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)};
};
