// Where log lines end up: a file that several processes append to, or a stream.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "appcore/log/ring.hpp"
#include "appcore/result.hpp"
#include "appcore/system/file_descriptor.hpp"

namespace appcore::log {

// How each line of this program begins.
inline constexpr std::string_view kLineBegin = R"({"timestamp":")";

// For one thread, which may be held up in any call for as long as the disk or the reader likes.
class LineFile {
  public:
    // `path` is opened by open(); an empty one means standard output.
    explicit LineFile(std::string path) : path_(std::move(path)) {}

    // Opens the file. On failure lines go to standard output until reopen() succeeds.
    Status open();

    // Opens the path again, after a rotation. On failure the old file stays in use.
    Status reopen();

    // Bytes that one append() should have at most: a pipe keeps lines of several processes whole up
    // to PIPE_BUF only, and is given no more at once.
    [[nodiscard]] std::size_t batch_size() const;

    // What the file is and how long, to be kept beside a batch; all zero for a stream.
    [[nodiscard]] FileMark mark() const;

    // Appends whole lines with a single write(2), so that those of several processes in one file
    // never mix (O_APPEND). A part of a line at the file's end, which a process leaves that is
    // killed in the middle of a write, is removed before them, since whoever has its ring writes
    // that line whole; what is not this program's line is ended. Returns how many bytes of whole
    // lines have been appended: fewer than all when the disk is full, a stream is not read, or
    // another process has been stopped while it removed such a part. A part of a line beyond them
    // is removed again, or ended before the next line where another process has appended meanwhile.
    [[nodiscard]] std::size_t append(const Ring::Pieces& lines);

    // How many bytes of whole lines at the front of `lines` somebody has appended behind `mark`; a
    // part of a line beyond them is treated as in append(). 0 if the file is another one by now.
    [[nodiscard]] std::size_t find(const FileMark& mark, std::string_view lines);

  private:
    Status use(system::FileDescriptor file);
    [[nodiscard]] bool remove_end(std::size_t size, off_t end) const;
    [[nodiscard]] std::string unfinished_end(off_t size) const;
    [[nodiscard]] bool can_append(bool has_turn) const;

    std::string path_;
    system::FileDescriptor file_;
    system::FileDescriptor reader_;  // of the same file, where that can be read
    bool is_stream_ = false;         // no regular file
    bool is_torn_ = false;           // it ends with a part of a line of ours
    bool is_stuck_ = false;          // another process has kept its turn to append too long
};

}  // namespace appcore::log
