#include "appcore/log/line_file.hpp"

#include <fcntl.h>
#include <limits.h>  // NOLINT(modernize-deprecated-headers): PIPE_BUF is POSIX
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "appcore/log/append_locks.hpp"

namespace appcore::log {
namespace {

constexpr mode_t kLogMode = 0640;                  // lines name clients: not for everyone
constexpr std::size_t kLargestBatch = 256 * 1024;  // more would not be any cheaper
constexpr off_t kLongestLine = PIPE_BUF;           // a pipe keeps it whole
// What other processes can have appended in the time of one write.
constexpr std::size_t kSearched = 4U << 20U;

system::FileDescriptor standard_output() {
    return system::FileDescriptor(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
}

// Whether both are one file, whose torn line is still to be ended. In doubt they are: an empty line
// does less harm than two lines in one.
bool is_same(int one, int other) {
    struct stat first = {};
    struct stat second = {};
    if (fstat(one, &first) != 0 || fstat(other, &second) != 0) return true;
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

iovec part(std::string_view bytes) {
    return {const_cast<char*>(bytes.data()), bytes.size()};  // NOLINT: writev() only reads
}

// The length of the whole lines within the first `size` bytes.
std::size_t whole_lines(const Ring::Pieces& lines, std::size_t size) {
    const auto& [first, second] = lines;
    if (size > first.size()) {
        const auto newline = second.substr(0, size - first.size()).rfind('\n');
        if (newline != std::string_view::npos) return first.size() + newline + 1;
        size = first.size();
    }
    const auto newline = first.substr(0, size).rfind('\n');
    return newline == std::string_view::npos ? 0 : newline + 1;
}

std::string read_from(int fd, off_t offset, std::size_t most) {
    std::string content(most, '\0');
    std::size_t size = 0;
    while (size < most) {
        const ssize_t count =
            ::pread(fd, content.data() + size, most - size, offset + static_cast<off_t>(size));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        size += static_cast<std::size_t>(count);
    }
    content.resize(size);
    return content;
}

}  // namespace

Status LineFile::open() {
    Status opened = reopen();
    if (!opened && !path_.empty()) (void)use(standard_output());
    return opened;
}

Status LineFile::reopen() {
    return use(path_.empty()
                   ? standard_output()
                   : system::FileDescriptor(::open(
                         path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kLogMode)));
}

Status LineFile::use(system::FileDescriptor file) {
    if (!file.is_open()) {
        return errno_error("cannot open the log " + (path_.empty() ? "standard output" : path_));
    }
    struct stat status = {};
    is_stream_ = fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode);
    if (is_torn_ && !is_same(file_.get(), file.get())) is_torn_ = false;
    file_ = std::move(file);
    // The log itself is open for appending only.
    reader_ = is_stream_ || path_.empty()
                  ? system::FileDescriptor()
                  : system::FileDescriptor(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (reader_.is_open() && !is_same(reader_.get(), file_.get())) reader_ = {};
    return Done{};
}

// What stands behind the last newline of the file's `size` bytes.
std::string LineFile::unfinished_end(off_t size) const {
    char last = '\n';
    if (size == 0 || ::pread(reader_.get(), &last, 1, size - 1) != 1 || last == '\n') return {};
    const off_t most = std::min<off_t>(size, kLongestLine);
    std::string end = read_from(reader_.get(), size - most, static_cast<std::size_t>(most));
    return end.erase(0, end.rfind('\n') + 1);  // npos + 1 is 0
}

// Whether the file ends in a whole line, if necessary by removing what a killed process has left of
// one of ours. What cannot be seen is taken for whole unless this object has left it. While others
// append, a line may be seen that is just being written, and is whole at a later look.
bool LineFile::can_append(bool has_turn) const {
    constexpr int kLooks = 20;
    for (int look = 0; look < kLooks; ++look) {
        struct stat status = {};
        if (!reader_.is_open() || ::fstat(reader_.get(), &status) != 0) return !is_torn_;
        const std::string end = unfinished_end(status.st_size);
        if (end.empty()) return true;
        if (end.substr(0, kLineBegin.size()) != kLineBegin.substr(0, end.size())) return false;
        pause_briefly();
        if (has_turn && remove_end(end.size(), status.st_size)) return true;
    }
    return false;
}

std::size_t LineFile::batch_size() const {
    return is_stream_ ? PIPE_BUF : kLargestBatch;
}

FileMark LineFile::mark() const {
    struct stat status = {};
    if (is_stream_ || ::fstat(file_.get(), &status) != 0) return {};
    return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size)};
}

std::size_t LineFile::append(const Ring::Pieces& lines) {
    const std::size_t size = lines[0].size() + lines[1].size();
    constexpr std::string_view kEnd = "\n";
    const Turn turn(file_.get(), is_stuck_);
    std::optional<Apart> apart;
    if (!turn.is_held() && apart.emplace(reader_.get(), F_RDLCK).is_refused()) return 0;
    const std::string_view before = can_append(turn.is_held()) ? kEnd.substr(1) : kEnd;
    const std::array<iovec, 3> parts = {part(before), part(lines[0]), part(lines[1])};
    ssize_t count = 0;
    do {
        count = ::writev(file_.get(), parts.data(), static_cast<int>(parts.size()));
    } while (count < 0 && errno == EINTR);
    if (count <= 0) return 0;
    is_torn_ = false;
    const std::size_t taken = static_cast<std::size_t>(count) - before.size();
    if (taken == size) return size;
    const std::size_t whole = whole_lines(lines, taken);
    if (whole < taken) {
        const off_t end = ::lseek(file_.get(), 0, SEEK_CUR);  // O_APPEND: behind what was written
        is_torn_ = !turn.is_held() || !remove_end(taken - whole, end);
    }
    return whole;
}

// Removes a part of a line from the file's end, unless somebody has appended meanwhile, or is about
// to: to a torn line another process, which cannot know of it, would append its own. For whoever
// has the turn.
bool LineFile::remove_end(std::size_t size, off_t end) const {
    struct stat status = {};
    if (is_stream_) return false;
    const Apart apart(file_.get(), F_WRLCK);
    return apart.is_held() && end >= 0 && ::fstat(file_.get(), &status) == 0 &&
           status.st_size == end && ::ftruncate(file_.get(), end - static_cast<off_t>(size)) == 0;
}

std::size_t LineFile::find(const FileMark& mark, std::string_view lines) {
    const Turn turn(file_.get(), is_stuck_);
    const FileMark now = this->mark();
    if (is_stream_ || now.device != mark.device || now.inode != mark.inode) return 0;
    if (now.size <= mark.size || !reader_.is_open()) return 0;
    const auto offset = static_cast<off_t>(mark.size);
    const std::string found =
        read_from(reader_.get(), offset, std::min<std::size_t>(now.size - mark.size, kSearched));
    const std::string_view first_line = lines.substr(0, lines.find('\n') + 1);
    std::size_t at = found.find(first_line);
    // Of a first line there may be a part, at the very end.
    if (at == std::string::npos)
        at = found.rfind('\n') == std::string::npos ? 0 : found.rfind('\n') + 1;
    const std::string_view rest = std::string_view(found).substr(at);
    const std::size_t most = std::min(rest.size(), lines.size());
    const auto matched = static_cast<std::size_t>(
        std::mismatch(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(most),
                      rest.begin())
            .first -
        lines.begin());
    const std::size_t whole = whole_lines({lines, {}}, matched);
    const std::size_t torn = matched - whole;
    if (torn > 0 && matched == rest.size()) {
        is_torn_ = !turn.is_held() || !remove_end(torn, offset + static_cast<off_t>(found.size()));
    }
    return whole;
}

}  // namespace appcore::log
