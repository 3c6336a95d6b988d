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

// How threads share words and wait for each other. The tests of all interleavings have their own.
struct RealThreads {
    template <typename T>
    using Atomic = std::atomic<T>;
    static void pause();
};

// Who owns the request at hand; one per process. The serving thread takes the request through its
// phases; each step is one atomic operation and no system call. Until the request is committed,
// another thread may take it away. The serving thread's next step then never returns, so that it
// neither answers nor counts, and the request's bytes stay alive until the process ends. So exactly
// one of the two answers and counts.
//
// Memory order. Each step is a release, made after what is said of the request has been stored;
// whoever reads the state acquires it. So the other thread sees what belongs to the state that it
// has read, or something newer. If newer, its attempt to take the request away compares the state
// with the one that it has read, and fails; or it meets the next request in the same phase, and
// gives that back. Once an attempt has succeeded, the serving thread makes no further step and
// writes nothing, so view() shows the words of that one request. Giving a request back needs no
// release: nothing was written.
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

    // When the request at hand began, if it is committed. The caller measures how long by its own
    // looks and not by the clock: a process that was stopped has not been hanging.
    [[nodiscard]] std::optional<system::SteadyTime> committed() const;

    // Takes away the committed request that began at `begun`. The caller ends the process without
    // an answer to the web server: the count stays, and the worker that gets the request again
    // finds it (store::already_counted()).
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
