#include "appcore/guard/request_in_hand.hpp"

#include <atomic>
#include <deque>
#include <thread>

#include "catch.hpp"

using namespace appcore;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;
using guard::Phase;
using guard::RequestInHand;

namespace {

const system::SteadyTime kBegin{100s};

http::Request post() {
    http::Request request;
    request.method_name = "POST";
    request.target = "/predict?x";
    request.key = "1764140000.123-57-3-1";
    request.headers[static_cast<std::size_t>(http::Header::x_request_id)] = "id-1";
    request.headers[static_cast<std::size_t>(http::Header::traceparent)] = "00-1-2-3";
    return request;
}

}  // namespace

TEST_CASE("a request goes through its phases, and is known from when it has been read") {
    RequestInHand hand;
    CHECK(hand.look().phase == Phase::none);
    hand.begin(7, kBegin);
    CHECK(hand.look().phase == Phase::reading);
    CHECK(hand.look().connection == 7);
    CHECK(hand.look().method.empty());
    const http::Request request = post();
    hand.handle(request);
    CHECK(hand.look().phase == Phase::handling);
    CHECK(hand.look().method == "POST");
    CHECK(hand.look().target == "/predict?x");
    CHECK(hand.look().client_id == "id-1");
    CHECK(hand.look().key == request.key);
    CHECK(hand.look().traceparent == "00-1-2-3");
    hand.handle(request);  // a second pass, for lack of memory
    CHECK(hand.look().phase == Phase::handling);
    hand.commit();
    CHECK(hand.look().phase == Phase::committed);
    hand.reply();
    CHECK(hand.look().phase == Phase::replying);
    hand.end();
    CHECK(hand.look().phase == Phase::none);
}

TEST_CASE("only a request that is old enough is condemned") {
    RequestInHand hand;
    CHECK_FALSE(hand.condemn(kBegin + 1h));  // there is none
    hand.begin(7, kBegin);
    CHECK_FALSE(hand.condemn(kBegin - 1ns));
    const auto view = hand.condemn(kBegin);
    REQUIRE(view);
    CHECK(view->phase == Phase::reading);
    CHECK(view->begun == kBegin);
    CHECK_FALSE(hand.condemn(kBegin + 1h));  // once is enough
    CHECK(hand.look().phase == Phase::none);
}

TEST_CASE("a request that ends while it is read leaves nothing at hand") {
    RequestInHand hand;
    hand.begin(7, kBegin);
    hand.end();
    CHECK_FALSE(hand.condemn(kBegin + 1h));
}

TEST_CASE("the serving thread gets no further with a request that is condemned") {
    // It waits until the process ends, so it keeps these for ever.
    static RequestInHand hand;
    static const http::Request kRequest = post();
    static std::atomic<bool> passed{false};
    hand.begin(7, kBegin);
    REQUIRE(hand.condemn(kBegin));
    std::thread([] {
        hand.handle(kRequest);
        passed = true;
    }).detach();
    std::this_thread::sleep_for(20ms);
    CHECK_FALSE(passed);
}

TEST_CASE("a serving thread and one that watches do not get into each other's way") {
    RequestInHand hand;
    std::atomic<bool> done{false};
    int condemned = 0;
    std::thread watcher([&] {
        while (!done) condemned += hand.condemn(kBegin - 1ns) ? 1 : 0;
    });
    const http::Request request = post();
    for (int i = 0; i < 20000; ++i) {
        hand.begin(i, kBegin);
        hand.handle(request);
        hand.commit();
        hand.reply();
        hand.end();
    }
    done = true;
    watcher.join();
    CHECK(condemned == 0);
}

TEST_CASE("a committed request is taken away by its name only") {
    RequestInHand hand;
    CHECK_FALSE(hand.committed());
    hand.begin(7, kBegin);
    const http::Request request = post();
    hand.handle(request);
    CHECK_FALSE(hand.committed());
    CHECK_FALSE(hand.condemn_committed(kBegin));
    hand.commit();
    CHECK(hand.committed() == kBegin);
    CHECK_FALSE(hand.condemn(kBegin + 1h));
    CHECK_FALSE(hand.condemn_committed(kBegin + 1s));
    hand.reply();
    const auto view = hand.condemn_committed(kBegin);
    REQUIRE(view);
    CHECK(view->phase == Phase::replying);
    CHECK(view->key == request.key);
}

// One of the two has the request, whenever they meet: never both, never nobody.
TEST_CASE("either the serving thread commits a request or another takes it away") {
    struct Meeting {
        RequestInHand hand;
        std::atomic<bool> is_committed{false};
    };
    static const http::Request kRequest = post();
    // Never destroyed: a thread whose request was taken away waits for the end of the process.
    static auto& meetings = *new std::deque<Meeting>;  // NOLINT(cppcoreguidelines-owning-memory)
    int committed = 0;
    int taken = 0;
    for (int i = 0; i < 300; ++i) {
        Meeting* const meeting = &meetings.emplace_back();
        meeting->hand.begin(7, kBegin);
        meeting->hand.handle(kRequest);
        std::atomic<bool> is_started{false};
        std::thread serving([meeting, &is_started] {
            is_started = true;
            meeting->hand.commit();
            meeting->is_committed = true;
        });
        while (!is_started) std::this_thread::yield();
        for (int pause = 0; pause < i * 7; ++pause)
            std::atomic_signal_fence(std::memory_order_seq_cst);
        if (meeting->hand.condemn(kBegin)) {
            serving.detach();
            CHECK_FALSE(meeting->is_committed);
            ++taken;
        } else {
            serving.join();
            CHECK(meeting->is_committed);
            ++committed;
        }
    }
    CHECK(committed + taken == 300);
}
