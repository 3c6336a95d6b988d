#include "appcore/system/wall_stamp.hpp"

#include "catch.hpp"
#include "fakes.hpp"

using namespace appcore;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

// A process that looks at a clock which may be set.
struct Fixture {
    fakes::Clock clock;
    system::WallStamps stamps;

    Fixture() { stamps.look(clock); }
    void pass(std::chrono::milliseconds time) {
        clock.wall_now += time;
        clock.steady_now += time;
    }
    // The age of `stamp` when somebody looks now.
    [[nodiscard]] std::optional<std::chrono::nanoseconds> age(system::WallTime stamp) {
        stamps.look(clock);
        return stamps.age(stamp, 120s);
    }
};

}  // namespace

TEST_CASE("the age of a stamp is the time since, by the wall clock") {
    Fixture f;
    const auto stamp = f.clock.wall();
    f.pass(1234ms);
    CHECK(f.age(stamp) == 1234ms);
    // The web server's clock has milliseconds, and is read at another instant.
    CHECK(f.age(f.clock.wall() + 2ms) == 0ms);
}

TEST_CASE("a clock that is set while a request waits changes nothing") {
    const std::chrono::milliseconds step =
        GENERATE(-3600000ms, -60000ms, -1000ms, 100ms, 1000ms, 60000ms, 3600000ms);
    Fixture f;
    const auto stamp = f.clock.wall();
    f.pass(300ms);
    f.clock.wall_now += step;
    f.pass(200ms);
    CHECK(f.age(stamp) == 500ms);
    // One that came before the step, and is begun later.
    f.pass(100ms);
    CHECK(f.age(stamp) == 600ms);
}

TEST_CASE("a clock that was set while nobody asked changes nothing for who comes after that") {
    const auto step = GENERATE(-60s, 60s);
    Fixture f;
    f.pass(600s);
    f.clock.wall_now += step;
    f.pass(600s);
    const auto stamp = f.clock.wall();
    f.pass(40ms);
    CHECK(f.age(stamp) == 40ms);
    // Since the step was seen, an age may be longer than it was wide.
    f.pass(100s);
    const auto later = f.clock.wall();
    f.pass(90s);
    CHECK(f.age(later) == 90s);
}

TEST_CASE("no age is negative or absurd") {
    Fixture f;
    const auto now = f.clock.wall();
    CHECK_FALSE(f.age(now + 1s));
    CHECK_FALSE(f.age(now - 121s));
    CHECK_FALSE(f.age(system::WallTime::min()));
    CHECK_FALSE(f.age(system::WallTime::max()));
    CHECK(f.age(now - 120s) == 120s);
}
