// The thread that writes log lines from rings to the log.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "appcore/log/line_file.hpp"
#include "appcore/log/ring.hpp"

namespace appcore::log {

// A line reaches the log once. In a regular file that holds for a process that is killed in the
// middle of a write, too, as long as the file is not rotated in that moment; in a stream, the lines
// of that write may come twice. What cannot be written now is tried again, and stays in its ring
// meanwhile. The thread may be held up by the disk, or by who reads the stream, for as long as they
// like; nobody else is.
class Writer {
  public:
    // Starts the thread, and waits up to kLongestEnd while it opens `path` (empty: standard
    // output). Signals must be blocked already (fcgi::Signals), so that none is delivered to it.
    explicit Writer(std::string path);
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    // finish(), and leaves a thread behind that is held up.
    ~Writer();

    // Writes this ring from now on, after those that came before it. When it is closed and empty,
    // it is let go of, after `when_written` has been called in the writer's thread.
    void add(std::shared_ptr<Ring> ring, std::function<void()> when_written = {});

    // Lines have been published. A system call if the thread sleeps, which it does not under load.
    void wake();

    // Opens the log's path again.
    void reopen();

    // Ends the thread when everything that is published has been written, but after kLongestEnd or
    // at a failed write at the latest. The rest stays in the rings.
    void finish();

    // Why the log could not be opened, once; empty if it could.
    [[nodiscard]] std::string take_problem();

    // supervisord waits five seconds longer for a process than it serves (fcgi::Server::kDrain).
    static constexpr std::chrono::milliseconds kLongestEnd{1000};

  private:
    struct State;
    std::shared_ptr<State> state_;  // the thread's, too: it may outlive this object
    std::thread thread_;
};

}  // namespace appcore::log
