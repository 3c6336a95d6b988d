#include "appcore/metrics/history.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "store/slot_fixture.hpp"

using namespace appcore::metrics;  // NOLINT(google-build-using-namespace)
using namespace slot_fixture;      // NOLINT(google-build-using-namespace)

namespace {

constexpr auto kHealthy = true;

// A history that is fed by hand, with a pool of two slots that counts as told.
struct Fixture {
    Collector collector{"/nonexistent"};
    History history{collector};
    PoolSnapshot pool;

    Fixture() { pool.workers.resize(2); }

    // Replies of POST /predict that took 4 ms and waited 2 ms before that.
    void count(Word replies, int status = 201, http::Endpoint endpoint = http::Endpoint::predict) {
        RequestCell& cell = pool.totals.cell(static_cast<std::size_t>(http::Method::post),
                                             static_cast<std::size_t>(endpoint));
        cell.buckets[bucket_of(4'000'000)] += replies;
        WaitCell& waits = pool.totals.waits[static_cast<std::size_t>(endpoint)];
        waits.wait.buckets[bucket_of(2'000'000)] += replies;
        waits.latency.buckets[bucket_of(6'000'000)] += replies;
        cell.replies[http::status_index(status)] += replies;
    }
    void sample(std::chrono::milliseconds at) {
        history.add(pool, kHealthy, system::SteadyTime{at});
    }
};

}  // namespace

TEST_CASE("every quantile of any durations is within 10 % of the truth") {
    std::mt19937_64 random(17);  // NOLINT(cert-msc51-cpp): the same every time
    for (int round = 0; round < 300; ++round) {
        // From 10 us to 30 s, spread over some factor.
        std::uniform_real_distribution<double> exponent(-5, 1.477);
        const double first = exponent(random);
        const double last = exponent(random);
        std::uniform_real_distribution<double> spread(std::min(first, last), std::max(first, last));
        std::vector<double> durations(1 + random() % 1000);
        Buckets counted{};
        for (double& seconds : durations) {
            seconds = std::pow(10.0, spread(random));
            ++counted[bucket_of(static_cast<Word>(std::llround(seconds * 1e9)))];
        }
        std::ranges::sort(durations);
        for (const double quantile : {0.01, 0.25, 0.5, 0.9, 0.99, 1.0}) {
            const double rank = std::ceil(quantile * static_cast<double>(durations.size()));
            const double truth = durations[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
            INFO(round << " " << quantile);
            CHECK(quantile_of(counted, quantile).value() == Approx(truth).epsilon(0.1));
        }
    }
}

TEST_CASE("a quantile beyond the bounds is the last one, and of nothing there is none") {
    CHECK(quantile_of(buckets({{1h, 3}}), 0.5) == Approx(37.3));
    CHECK(quantile_of(buckets({{1us, 3}}), 0.5) == Approx(5e-7));
    CHECK_FALSE(quantile_of(Buckets{}, 0.5));
}

TEST_CASE("rates are over the time between the samples") {
    Fixture f;
    f.count(1'000'000);  // long before
    f.sample(100'000ms);
    CHECK_FALSE(f.history.last(60s).per_second(1));
    f.count(30);
    f.count(10, 500);
    f.sample(101'250ms);
    f.count(20);
    f.sample(102'500ms);
    const Traffic traffic = f.history.last(60s);
    CHECK(traffic.time.count() == 2.5);
    CHECK(traffic.requests == 60);
    CHECK(traffic.errors == 10);
    CHECK(traffic.per_second(traffic.requests) == 24.0);
    CHECK(traffic.duration == buckets({{4ms, 60}}));
    CHECK(traffic.wait == buckets({{2ms, 60}}));
    CHECK(traffic.latency == buckets({{6ms, 60}}));
}

TEST_CASE("the last minute is what came after the newest sample of a minute ago") {
    Fixture f;
    for (int second = 0; second <= 200; ++second) {
        f.sample(std::chrono::seconds(second));
        f.count(second < 140 ? 1 : 5);
    }
    CHECK(f.history.last(60s).requests == 300);
    CHECK(f.history.last(60s).time == 60s);
    CHECK(f.history.last(300s).requests == 140 + 300);
    CHECK(f.history.last(300s).time == 200s);
}

TEST_CASE("client errors do not count as errors, nor requests for /status as traffic") {
    Fixture f;
    f.sample(1s);
    f.count(3, 200, http::Endpoint::status);
    f.count(2, 404, http::Endpoint::other);
    f.sample(2s);
    CHECK(f.history.last(60s).requests == 2);
    CHECK(f.history.last(60s).errors == 0);
}

TEST_CASE("steps are complete ones of the clock, and the first minutes have fewer") {
    Fixture f;
    CHECK(f.history.steps().empty());
    for (int second = 3; second <= 22; ++second) {
        f.sample(std::chrono::seconds(second));
        f.count(static_cast<Word>(second));  // in the second that begins now
    }
    const auto steps = f.history.steps();  // 5 to 10, 10 to 15, 15 to 20
    REQUIRE(steps.size() == 3);
    CHECK(steps[0].requests == 5 + 6 + 7 + 8 + 9);
    CHECK(steps[1].requests == 10 + 11 + 12 + 13 + 14);
    CHECK(steps[2].requests == 15 + 16 + 17 + 18 + 19);
    CHECK(steps[2].time == 5s);
}

TEST_CASE("steps tile the time also when samples come late, and a gap is nothing") {
    Fixture f;
    f.sample(900ms);
    f.count(4);
    f.sample(4'900ms);
    f.count(2);
    f.sample(10'300ms);  // nothing between
    f.count(1);
    f.sample(20'100ms);
    const auto steps = f.history.steps();
    REQUIRE(steps.size() == 3);           // from 5 s on
    CHECK_FALSE(steps[0].per_second(1));  // both ends are the sample at 4.9
    CHECK(steps[1].requests == 2);        // 4.9 to 10.3
    CHECK(steps[1].time == 5400ms);
    CHECK_FALSE(steps[2].per_second(1));
}

TEST_CASE("five minutes are kept, in bounded memory") {
    Fixture f;
    for (int second = 0; second < 2'000; ++second) {
        f.sample(std::chrono::seconds(second));
        f.count(1);
    }
    CHECK(f.history.last(300s).requests == 300);
    CHECK(f.history.steps().size() == 60);
    CHECK(f.history.steps().front().requests == 5);
    CHECK(f.history.last(100'000s).requests == kMaxSamples - 1);
    CHECK(f.history.begin() == system::SteadyTime{0s});
}

TEST_CASE("a slot that appears brings old counts, which do not count as traffic") {
    Fixture f;
    f.sample(1s);
    f.count(10);
    f.sample(2s);
    f.pool.workers.resize(3);
    f.count(5'000'000);
    f.sample(3s);
    f.count(10);
    f.sample(4s);
    CHECK(f.history.last(60s).requests == 20);
    CHECK(f.history.last(60s).time == 2s);
    f.pool.workers.resize(1);  // its counts stay
    f.count(10);
    f.sample(5s);
    CHECK(f.history.last(60s).requests == 30);
}

TEST_CASE("counters that decrease and clocks that stand still do no harm") {
    Fixture f;
    f.count(100);
    f.sample(1s);
    f.pool.totals = {};
    f.sample(2s);
    CHECK(f.history.last(60s).requests == 0);
    f.count(7);
    f.sample(2s);
    f.sample(1s);
    CHECK(f.history.last(60s).time == 1s);
    CHECK(f.history.last(60s).requests == 0);
    f.sample(3s);
    CHECK(f.history.last(60s).requests == 7);
}

TEST_CASE("the history knows since when the pool's health looks as it does") {
    Fixture f;
    const auto at = [](int seconds) { return system::SteadyTime{std::chrono::seconds(seconds)}; };
    CHECK(f.history.health_since(true, at(9)) == at(9));
    CHECK_FALSE(f.history.begin());
    f.history.add(f.pool, true, at(10));
    f.history.add(f.pool, true, at(11));
    CHECK(f.history.health_since(true, at(12)) == at(10));
    CHECK(f.history.health_since(false, at(12)) == at(12));  // seen now for the first time
    f.history.add(f.pool, false, at(13));
    f.history.add(f.pool, false, at(14));
    CHECK(f.history.health_since(false, at(15)) == at(13));
    CHECK(f.history.begin() == at(10));
}

TEST_CASE("the history samples the pool once a second") {
    const TemporaryDirectory directory;
    Recorder recorder(options(directory.path(), "worker-01"));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    recorder.set_health(true);
    Collector collector(directory.path());
    History history(collector);
    history.maintain(kNoon);
    recorder.record_request(prediction());  // 7 ms
    history.maintain(kNoon + 999ms);
    CHECK(history.last(60s).requests == 0);
    history.maintain(kNoon + 1s);
    CHECK(history.last(60s).requests == 1);
    CHECK(history.last(60s).duration == buckets({{7ms, 1}}));
    CHECK(history.last(60s).latency == buckets({{7ms, 1}}));
    CHECK(history.last(60s).wait == Buckets{});
    CHECK(history.health_since(true, kNoon + 2s) == kNoon);
}
