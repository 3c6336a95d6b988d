// Signals of a process that serves: they are blocked except while it waits, so that none
// is lost between a check and the wait, and none interrupts a body in flight (libfcgi does
// neither).
#pragma once

#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigset_t is POSIX

namespace appcore::fcgi {

class Signals {
  public:
    // Blocks SIGTERM, SIGINT, SIGHUP and SIGUSR1, installs handlers that only take note of them,
    // and ignores SIGPIPE and SIGXFSZ: a write that fails says so itself. To be constructed once,
    // before any thread.
    Signals();

    // The mask for ppoll or epoll_pwait: as it was before, with those four deliverable.
    [[nodiscard]] const sigset_t& while_waiting() const { return while_waiting_; }

    // Whether SIGTERM or SIGINT has come: finish what has begun, then exit with 0.
    [[nodiscard]] static bool stop_requested();

    // Whether SIGHUP or SIGUSR1 has come since the last call: reopen the log files.
    [[nodiscard]] static bool take_reopen_request();

    // Takes note of those that have come since the last wait: a wait that finds work to do delivers
    // none. Two system calls.
    void deliver() const;

    // Returns once SIGTERM or SIGINT has come.
    void wait_for_stop() const;

  private:
    sigset_t while_waiting_{};
};

}  // namespace appcore::fcgi
