#include "appcore/monitoring/line_sink.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace appcore::monitoring {
namespace {

constexpr mode_t kLogMode = 0640;  // lines name clients: not for everyone

system::FileDescriptor standard_output() {
    return system::FileDescriptor(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
}

// Whether both are one file, for which a torn line at its end is still to be ended. In doubt they
// are: an empty line does less harm than two lines in one.
bool is_same(int one, int other) {
    struct stat first = {};
    struct stat second = {};
    if (fstat(one, &first) != 0 || fstat(other, &second) != 0) return true;
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

}  // namespace

Status LineSink::open() {
    Status opened = reopen();
    if (!opened && !path_.empty()) (void)use(standard_output());
    return opened;
}

Status LineSink::reopen() {
    return use(path_.empty()
                   ? standard_output()
                   : system::FileDescriptor(::open(
                         path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kLogMode)));
}

Status LineSink::use(system::FileDescriptor file) {
    if (!file.is_open()) {
        return errno_error("cannot open the log " + (path_.empty() ? "standard output" : path_));
    }
    struct stat status = {};
    may_block_ = fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode);
    if (torn_ && !is_same(file_.get(), file.get())) torn_ = false;
    file_ = std::move(file);
    return Done{};
}

void LineSink::sink_it_(const spdlog::details::log_msg& message) {
    line_.clear();
    if (torn_) line_.push_back('\n');
    formatter_->format(message, line_);
    if (!write_whole({line_.data(), line_.size()})) ++dropped_;
}

// Removes the part of a line from the file's end, unless somebody has appended meanwhile: to a torn
// line another process, which cannot know of it, would append its own.
bool LineSink::take_back(std::size_t size) const {
    const off_t end = ::lseek(file_.get(), 0, SEEK_CUR);  // O_APPEND: behind what was written
    struct stat status = {};
    return end >= 0 && ::fstat(file_.get(), &status) == 0 && status.st_size == end &&
           ::ftruncate(file_.get(), end - static_cast<off_t>(size)) == 0;
}

bool LineSink::write_whole(std::string_view line) {
    if (may_block_) {
        // Room for PIPE_BUF bytes: a shorter line does not wait.
        pollfd waiting = {file_.get(), POLLOUT, 0};
        if (::poll(&waiting, 1, 0) <= 0) return false;
    }
    std::string_view rest = line;
    while (!rest.empty()) {
        const ssize_t count = ::write(file_.get(), rest.data(), rest.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            if (rest.size() < line.size()) torn_ = !take_back(line.size() - rest.size()) || torn_;
            return false;
        }
        rest.remove_prefix(static_cast<std::size_t>(count));
    }
    torn_ = false;
    return true;
}

}  // namespace appcore::monitoring
