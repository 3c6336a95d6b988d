#include "appcore/guard/watchdog.hpp"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <utility>

#include "appcore/guard/parting_reply.hpp"

namespace appcore::guard {
namespace {

using std::chrono::milliseconds;

// A request may be at hand for this much longer than the timeout.
milliseconds step_of(milliseconds timeout) {
    return std::clamp(timeout / 20, milliseconds(20), milliseconds(500));
}

}  // namespace

Watchdog::Watchdog(RequestInHand& request, LastWords& last_words, Options options)
    : request_(request),
      last_words_(last_words),
      options_(std::move(options)),
      thread_([this](const std::stop_token& stop) { watch(stop); }) {}

void Watchdog::watch(const std::stop_token& stop) {
    const milliseconds step = step_of(options_.timeout);
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex_);
    while (!stopped.wait_for(lock, stop, step, [&stop] { return stop.stop_requested(); })) {
        const auto limit = std::chrono::steady_clock::now() - options_.timeout;
        if (const auto request = request_.condemn(limit)) {
            send_parting_reply(*request, timeout_reply());
            end(*request);
        }
        const auto committed = request_.committed();
        looks_ = committed && committed == committed_ ? looks_ + 1 : 0;
        committed_ = committed;
        if (looks_ * step < options_.timeout) continue;
        if (const auto request = request_.condemn_committed(*committed_)) end(*request);
    }
}

void Watchdog::end(const RequestView& request) {
    options_.on_timeout();
    const system::SystemClock clock;
    last_words_.say("hangs, and takes the process with it", request, clock.wall(), clock.steady());
    ::_exit(kExitCode);
}

}  // namespace appcore::guard
