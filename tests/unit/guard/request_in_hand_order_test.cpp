// The request at hand in every execution that the C++ memory model allows (weak/exploration.hpp):
// one thread serves two requests, another one takes one away.
#include <memory>

#include "appcore/guard/request_in_hand_steps.hpp"
#include "catch.hpp"
#include "weak/exploration.hpp"

using namespace appcore;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;
using guard::Phase;

namespace {

struct ModelThreads {
    template <typename T>
    using Atomic = weak::Atomic<T>;
    static void pause() { weak::pause(); }
};
using Hand = guard::BasicRequestInHand<ModelThreads>;

constexpr system::SteadyTime kFirst{10ns};
constexpr system::SteadyTime kSecond{20ns};

weak::Results serve(Hand& hand) {
    const http::Request request;
    hand.begin(1, kFirst);
    hand.handle(request);
    hand.commit();
    hand.reply();
    hand.end();
    hand.begin(2, kSecond);
    hand.handle(request);
    hand.commit();
    return {};
}

// Phase, connection and begin of what was taken away; nothing if nothing was.
weak::Results words_of(const std::optional<guard::RequestView>& taken) {
    if (!taken) return {};
    return {static_cast<weak::Value>(taken->phase), static_cast<weak::Value>(taken->connection),
            static_cast<weak::Value>(taken->begun.time_since_epoch().count())};
}

struct Counts {
    std::size_t taken = 0;  // requests that were taken away as they had to be
    std::size_t left = 0;   // executions in which none was
    std::size_t wrong = 0;  // what must not happen
    std::size_t executions = 0;
};

// `take` takes a request away; `is_right` tells whether it may take one with these words.
template <typename Take, typename IsRight>
Counts explore(Take take, IsRight is_right) {
    Counts counts;
    const auto make = [&take]() -> std::vector<weak::Thread> {
        const auto hand = std::make_shared<Hand>();
        return {[hand] { return serve(*hand); }, [hand, &take] { return words_of(take(*hand)); }};
    };
    counts.executions = weak::explore(make, [&](const weak::Outcome& outcome) {
        const weak::Results& taken = outcome.results[1].value();
        const bool has_served = outcome.results[0].has_value();
        if (has_served != taken.empty() || (!taken.empty() && !is_right(taken))) {
            ++counts.wrong;
        } else if (taken.empty()) {
            ++counts.left;
        } else {
            ++counts.taken;
        }
    });
    return counts;
}

weak::Value word(Phase phase) {
    return static_cast<weak::Value>(phase);
}

}  // namespace

TEST_CASE("in every order of the threads, a request is served or taken away whole, never both") {
    const Counts counts = explore([](Hand& hand) { return hand.condemn(system::SteadyTime{25ns}); },
                                  [](const weak::Results& taken) {
                                      const bool is_open = taken[0] == word(Phase::reading) ||
                                                           taken[0] == word(Phase::handling);
                                      return is_open && taken[2] == taken[1] * 10;
                                  });
    INFO(counts.executions << " executions");
    CHECK(counts.wrong == 0);
    CHECK(counts.taken > 0);
    CHECK(counts.left > 0);
}

TEST_CASE("in every order of the threads, only the request that is meant is taken away") {
    const Counts open = explore([](Hand& hand) { return hand.condemn(system::SteadyTime{15ns}); },
                                [](const weak::Results& taken) { return taken[1] == 1; });
    CHECK(open.wrong == 0);
    CHECK(open.taken > 0);
    const Counts committed = explore([](Hand& hand) { return hand.condemn_committed(kFirst); },
                                     [](const weak::Results& taken) {
                                         return taken[1] == 1 && taken[0] >= word(Phase::committed);
                                     });
    CHECK(committed.wrong == 0);
    CHECK(committed.taken > 0);
}
