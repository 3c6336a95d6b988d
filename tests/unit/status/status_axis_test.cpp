#include "appcore/status/status_axis.hpp"

#include <cmath>
#include <random>

#include "catch.hpp"

using appcore::status::Axis;
using appcore::status::rate_axis;
using appcore::status::time_axis;

namespace {

std::string names_of(const Axis& axis) {
    std::string names;
    for (const Axis::Tick& tick : axis.ticks) names += (names.empty() ? "" : " | ") + tick.name;
    return names;
}

// What every axis has to be, whatever it was made for.
void check_ticks(const Axis& axis) {
    REQUIRE(axis.ticks.size() >= 2);
    CHECK(axis.ticks.front().place == 0);
    CHECK(axis.ticks.back().place == 1);
    for (std::size_t i = 1; i < axis.ticks.size(); ++i) {
        CHECK(axis.ticks[i].place > axis.ticks[i - 1].place);
        CHECK(axis.ticks[i].name != axis.ticks[i - 1].name);
    }
}

}  // namespace

TEST_CASE("an axis of rates has round steps from 0 to just above the largest") {
    CHECK(names_of(rate_axis(0)) == "0 | 0.5/s | 1.0/s");
    CHECK(names_of(rate_axis(0.2)) == "0 | 0.05/s | 0.10/s | 0.15/s | 0.20/s");
    CHECK(names_of(rate_axis(3)) == "0 | 1/s | 2/s | 3/s");
    CHECK(names_of(rate_axis(4.1)) == "0 | 2/s | 4/s | 6/s");
    CHECK(names_of(rate_axis(730)) == "0 | 200/s | 400/s | 600/s | 800/s");
    CHECK(names_of(rate_axis(17'000)) == "0 | 5k/s | 10k/s | 15k/s | 20k/s");
}

TEST_CASE("an axis of times has the decades that contain all values") {
    CHECK(names_of(time_axis(0.12, 41)) == "100 µs | 1 ms | 10 ms | 100 ms");
    CHECK(names_of(time_axis(3, 4)) == "1 ms | 2 ms | 5 ms | 10 ms");
    CHECK(names_of(time_axis(1, 1)) == "1 ms | 2 ms | 5 ms | 10 ms");
    CHECK(names_of(time_axis(20, 3'000)) == "10 ms | 100 ms | 1 s | 10 s");
    // The smallest percentile there is, and the largest: half the first bound, and the last one.
    CHECK(names_of(time_axis(0.0005, 37'300)) ==
          "1 µs | 10 µs | 100 µs | 1 ms | 10 ms | 100 ms | 1 s | 10 s | 100 s");
    CHECK(names_of(time_axis(0, 0)) == "1 µs | 2 µs | 5 µs | 10 µs");
}

TEST_CASE("values lie where an axis says, and beyond its ends at the end") {
    const Axis rates = rate_axis(4);
    CHECK(rates.place(1) == Approx(0.25));
    CHECK(rates.place(-1) == 0);
    CHECK(rates.place(1e9) == 1);
    const Axis times = time_axis(1, 100);
    CHECK(times.place(10) == Approx(0.5));
    CHECK(times.place(0) == 0);
    CHECK(times.place(1e9) == 1);
}

TEST_CASE("any axis has ticks from end to end, and room for its values") {
    std::mt19937 random(20261126);
    std::uniform_real_distribution<double> exponent(-3, 6);
    for (int i = 0; i < 2'000; ++i) {
        const double some = std::pow(10, exponent(random));
        const double more = std::pow(10, exponent(random));
        INFO(some << " " << more);
        const Axis rates = rate_axis(some);
        check_ticks(rates);
        CHECK(rates.ticks.size() <= 5);
        CHECK(rates.high >= some * (1 - 1e-9));
        CHECK(rates.high <= 1.51 * some);
        const Axis times = time_axis(std::min(some, more), std::max(some, more));
        check_ticks(times);
        CHECK(times.ticks.size() <= 9);
    }
}
