// The request that a process has at hand, for those who must name it when it hangs or crashes: a
// thread that watches (watchdog.hpp) and a signal handler (crash_report.hpp).
#pragma once

#include <atomic>
#include <optional>
#include <string_view>

#include "appcore/http/request.hpp"
#include "appcore/system/clock.hpp"

namespace appcore::guard {

// `committed`: the serving thread has decided to answer and to count, and nobody else may any more.
// `replying`: bytes of the reply may have left.
enum class Phase : unsigned char { none, reading, handling, committed, replying };

// What is known of a request. The texts are empty while it is being read.
struct RequestView {
    Phase phase = Phase::none;
    int connection = -1;
    system::SteadyTime begun;
    std::string_view method;
    std::string_view target;
    std::string_view client_id;         // X-Request-ID as it was sent
    std::string_view key;               // the web server's name of the request
    std::string_view traceparent = {};  // as it was sent
};

// What the threads of a process share words by, and how one waits for another. A test has its own.
struct RealThreads {
    template <typename T>
    using Atomic = std::atomic<T>;
    static void pause();
};

// One a process: whose the request at hand is. The serving thread takes it through its phases; each
// step costs one atomic operation and no system call. Until it is committed, another thread may
// take it away: then the serving thread's next step never returns, so that it neither answers nor
// counts, and the request's bytes stay alive until the process ends. So one of the two answers and
// counts, and never both.
//
// Orders of memory. What is said of a request is stored before the step that makes it visible, and
// a step is a release; whoever reads the state acquires. So the other thread sees what belongs to
// the state that it has read, or what came later: then the step that it takes the request away
// with, which compares the state with what it is now, fails, or finds the next request in the same
// phase and gives it back. Once it has succeeded the serving thread makes no step, hence writes
// nothing that is read, and view() has the words of that one request. A release of the step that
// gives the request back is for nobody: nothing was written.
template <typename Threads>
class BasicRequestInHand {
  public:
    // --- the serving thread
    void begin(int connection, system::SteadyTime now);
    void handle(const http::Request& request);  // whose bytes live until end()
    void commit();
    void reply();
    void end();

    // What the serving thread has at hand; for a signal handler that has interrupted it.
    [[nodiscard]] RequestView look() const;

    // --- another thread
    // Takes the request away from the serving thread if it began at `limit` or before and is not
    // committed: the caller answers, and ends the process.
    [[nodiscard]] std::optional<RequestView> condemn(system::SteadyTime limit);

    // When the request at hand began, if it is committed: time passes for it in looks of the
    // caller, since a process that was stopped has not been hanging.
    [[nodiscard]] std::optional<system::SteadyTime> committed() const;

    // Takes away the committed request that began at `begun`, to end the process without a word to
    // the web server: what is counted stays so, and whoever repeats the request finds that.
    [[nodiscard]] std::optional<RequestView> condemn_committed(system::SteadyTime begun);

  private:
    // The phases, and one more.
    static constexpr unsigned char kCondemned = 0xff;
    static_assert(std::atomic<unsigned char>::is_always_lock_free);
    template <typename T>
    using Atomic = typename Threads::template Atomic<T>;

    void step(Phase from, Phase to);
    [[nodiscard]] RequestView view(Phase phase) const;
    template <typename IsMeant>
    std::optional<RequestView> take(unsigned char state, IsMeant is_meant);

    Atomic<unsigned char> state_{static_cast<unsigned char>(Phase::none)};
    Atomic<system::SteadyTime::rep> begun_{0};
    Phase phase_ = Phase::none;  // as the serving thread knows it
    // Written before the step that makes them visible.
    Atomic<int> connection_{-1};
    std::string_view method_;
    std::string_view target_;
    std::string_view client_id_;
    std::string_view traceparent_;
    std::string_view key_;
};

extern template class BasicRequestInHand<RealThreads>;
using RequestInHand = BasicRequestInHand<RealThreads>;

}  // namespace appcore::guard
