// The request that a process has at hand, for those who must name it when it hangs or crashes: a
// thread that watches (watchdog.hpp) and a signal handler (crash_report.hpp).
#pragma once

#include <atomic>
#include <optional>
#include <string_view>

#include "appcore/http/request.hpp"
#include "appcore/system/clock.hpp"

namespace appcore::guard {

enum class Phase : unsigned char { none, reading, handling, replying };

// What is known of a request. The texts are empty while it is being read.
struct RequestView {
    Phase phase = Phase::none;
    int connection = -1;
    system::SteadyTime begun;
    std::string_view method;
    std::string_view target;
    std::string_view client_id;  // X-Request-ID as it was sent
    std::string_view key;        // the web server's name of the request
};

// One a process. The serving thread takes a request through its phases; each step costs one atomic
// operation and no system call. Once another thread has condemned the request, the next step never
// returns: its bytes stay alive, and nothing more happens to it until the process ends.
class RequestInHand {
  public:
    // --- the serving thread
    void begin(int connection, system::SteadyTime now);
    void handle(const http::Request& request);  // whose bytes live until end()
    void reply();
    void end();

    // What the serving thread has at hand; for a signal handler that has interrupted it.
    [[nodiscard]] RequestView look() const;

    // --- another thread
    // Takes the request away from the serving thread if it began at `limit` or before.
    [[nodiscard]] std::optional<RequestView> condemn(system::SteadyTime limit);

  private:
    // The phases, and one more.
    static constexpr unsigned char condemned = 0xff;
    static_assert(std::atomic<unsigned char>::is_always_lock_free);

    void step(Phase from, Phase to);
    [[nodiscard]] RequestView view(Phase phase) const;

    std::atomic<unsigned char> state_{static_cast<unsigned char>(Phase::none)};
    std::atomic<system::SteadyTime::rep> begun_{0};
    Phase phase_ = Phase::none;  // as the serving thread knows it
    // Written before the step that makes them visible.
    std::atomic<int> connection_{-1};
    std::string_view method_;
    std::string_view target_;
    std::string_view client_id_;
    std::string_view key_;
};

}  // namespace appcore::guard
