// Ends a process that hangs in a request.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "appcore/guard/last_words.hpp"
#include "appcore/guard/request_in_hand.hpp"

namespace appcore::guard {

// A thread that looks at the request at hand a few times a second, so that no request pays for a
// timer. One that has been there for `timeout` is answered with a 504 (parting_reply.hpp), named on
// standard error, and takes the process with it, which supervisord restarts. One that has been
// committed (request_in_hand.hpp) is counted already, so it gets another `timeout` for its reply to
// leave, and no word is sent when that is over: the web server repeats it elsewhere. That time is
// counted in looks, so that a process that was stopped and continues finishes what it has counted.
class Watchdog {
  public:
    static constexpr int kExitCode = 70;  // EX_SOFTWARE of sysexits.h

    struct Options {
        std::chrono::milliseconds timeout;
        std::function<void()> on_timeout;  // counts; called in the watchdog's thread
    };

    // The references outlive the watchdog. Signals must be blocked already (fcgi::Signals), so that
    // none is delivered to its thread.
    Watchdog(RequestInHand& request, LastWords& last_words, Options options);

  private:
    void watch(const std::stop_token& stop);
    [[noreturn]] void end(const RequestView& request);

    RequestInHand& request_;
    LastWords& last_words_;
    Options options_;
    std::optional<system::SteadyTime> committed_;  // when the request seen last began, if committed
    int looks_ = 0;                                // at the same one, one after the other
    std::mutex mutex_;                             // condition_variable_any requires one
    std::jthread thread_;                          // the last member: ends before the others
};

}  // namespace appcore::guard
