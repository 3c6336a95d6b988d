#include "appcore/fcgi/signals.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "catch.hpp"

using appcore::fcgi::Signals;

namespace {

// The exit code of a process that runs `action`, whose result is the code; minus the signal's
// number if one ends it.
template <typename Action>
int code_of(Action action) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(action());
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("writing to a pipe without a reader fails instead of ending the process") {
    CHECK(code_of([] {
              ::signal(SIGPIPE, SIG_DFL);
              const Signals signals;
              std::array<int, 2> ends{};
              if (::pipe(ends.data()) != 0) return 1;
              ::close(ends[0]);
              return ::write(ends[1], "x", 1) < 0 && errno == EPIPE ? 0 : 2;
          }) == 0);
}

TEST_CASE("a signal waits until the process does") {
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) {
        CAPTURE(number);
        CHECK(code_of([number] {
                  const Signals signals;
                  ::raise(number);
                  if (Signals::stop_requested() || Signals::take_reopen_request()) return 1;
                  // As ppoll() does it: the mask for the time of the call only.
                  sigset_t before;
                  ::sigprocmask(SIG_SETMASK, &signals.while_waiting(), &before);
                  ::sigprocmask(SIG_SETMASK, &before, nullptr);
                  const bool is_stop = number == SIGTERM || number == SIGINT;
                  if (Signals::stop_requested() != is_stop) return 2;
                  return Signals::take_reopen_request() == is_stop ? 3 : 0;
              }) == 0);
    }
}

TEST_CASE("a request to reopen the logs is taken once") {
    CHECK(code_of([] {
              const Signals signals;
              ::raise(SIGHUP);
              sigset_t before;
              ::sigprocmask(SIG_SETMASK, &signals.while_waiting(), &before);
              if (!Signals::take_reopen_request()) return 1;
              return Signals::take_reopen_request() ? 2 : 0;
          }) == 0);
}

TEST_CASE("a process that only waits ends by SIGTERM and SIGINT, and by nothing else") {
    for (const int number : {SIGTERM, SIGINT}) {
        CAPTURE(number);
        CHECK(code_of([number] {
                  const Signals signals;
                  const pid_t waiting = ::getpid();
                  ::raise(SIGHUP);  // has been taken long before the other one comes
                  if (::fork() == 0) {
                      ::usleep(20'000);
                      ::kill(waiting, number);
                      ::_exit(0);
                  }
                  signals.wait_for_stop();
                  return Signals::stop_requested() ? 0 : 1;
              }) == 0);
    }
}
