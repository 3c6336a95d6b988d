#include "appcore/guard/watchdog.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <string>
#include <utility>

namespace appcore::guard {
namespace {

using std::chrono::milliseconds;

// A request may be at hand for this much longer than the timeout.
milliseconds step_of(milliseconds timeout) {
    return std::clamp(timeout / 20, milliseconds(20), milliseconds(500));
}

constexpr std::string_view kHead =
    "Status: 504 Gateway Timeout\r\nX-Accel-Redirect: /-/timeout\r\n\r\n";

std::string make_timeout_reply() {
    const auto record = [](char type, std::string_view content) {
        std::string bytes = {1, type, 0, 1, 0, static_cast<char>(content.size()), 0, 0};
        return bytes.append(content);
    };
    constexpr char out = 6;
    constexpr char end_request = 3;
    const std::string complete(8, '\0');  // status 0, FCGI_REQUEST_COMPLETE
    return record(out, kHead) + record(out, "") + record(end_request, complete);
}

}  // namespace

std::string_view timeout_reply() {
    static const std::string reply = make_timeout_reply();
    return reply;
}

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
        if (const auto request = request_.condemn(limit)) end(*request);
    }
}

void Watchdog::end(const RequestView& request) {
    options_.on_timeout();
    if (request.phase != Phase::replying) {
        const std::string_view reply = timeout_reply();
        ::send(request.connection, reply.data(), reply.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    const system::SystemClock clock;
    last_words_.say("hangs, and takes the process with it", request, clock.wall(), clock.steady());
    ::_exit(kExitCode);
}

}  // namespace appcore::guard
