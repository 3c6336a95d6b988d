#include "appcore/log/ring_file.hpp"

#include <unistd.h>

#include <string>

#include "faults.hpp"
#include "store/slot_fixture.hpp"

using namespace slot_fixture;  // NOLINT(google-build-using-namespace)
using log::RingMark;
using log::RingReading;

namespace {

RingReading take(const TemporaryDirectory& directory, RingMark mark = {}) {
    auto taken = log::take_ring(directory.path(), "blue-01", mark, nullptr);
    REQUIRE(taken.ok());
    return std::move(taken).value();
}

std::string waiting(const log::Ring& ring) {
    const auto [first, second] = ring.bytes(ring.written(), ring.published());
    return std::string(first).append(second);
}

// A process that dies with one line published and one that only counts.
RingMark die(const TemporaryDirectory& directory) {
    const RingReading taken = take(directory);
    taken.ring->append("published\n");
    taken.ring->publish();
    taken.ring->append("counted\n");
    const RingMark mark{taken.ring->identity(), taken.ring->end()};
    taken.ring->append("neither\n");
    return mark;
}

}  // namespace

TEST_CASE("a place has an empty ring of its own") {
    const TemporaryDirectory directory;
    const RingReading taken = take(directory);
    CHECK(taken.problem.empty());
    CHECK(taken.ring->is_empty());
    CHECK(taken.ring->identity() != 0);
    CHECK(count_files(directory.path()) == 1);
}

TEST_CASE("the next holder has the lines that count, published or not") {
    const TemporaryDirectory directory;
    const RingMark mark = die(directory);
    const RingReading next = take(directory, mark);
    CHECK(next.ring->identity() == mark.identity);
    CHECK(waiting(*next.ring) == "published\ncounted\n");
}

TEST_CASE("what the slot says of another ring does not concern this one") {
    const TemporaryDirectory directory;
    const RingMark mark = die(directory);
    CHECK(waiting(*take(directory, {mark.identity + 1, mark.position}).ring) == "published\n");
}

TEST_CASE("what is not a ring is set aside and reported, and a new one is made") {
    const TemporaryDirectory directory;
    const std::string file = directory / "blue-01.log-ring";
    const int kind = GENERATE(0, 1, 2);
    if (kind == 0) write_file(file, "noise");
    if (kind == 1) write_file(file, std::string(log::kRingHeaderSize + log::kRingCapacity, '\xff'));
    if (kind == 2) REQUIRE(::symlink("/etc/passwd", file.c_str()) == 0);
    const RingReading taken = take(directory);
    CHECK(taken.problem.find("blue-01.log-damaged") != std::string::npos);
    CHECK(taken.ring->is_empty());
    CHECK(count_files(directory.path()) == 2);
    CHECK(take(directory).problem.empty());
}

TEST_CASE("a ring cannot be had where there is no directory or no room") {
    CHECK_FALSE(log::take_ring("/none", "blue-01", {}, nullptr).ok());
}

TEST_CASE("whatever the system refuses, the lines of a dead process are the next holder's") {
    const faults::Kind kind = GENERATE(faults::Kind::once, faults::Kind::lasting);
    faults::fail_each_call(kind, [](const faults::Injection& fault) {
        const TemporaryDirectory directory;
        const RingMark mark = die(directory);
        {
            const auto taken = fault.during(
                [&] { return log::take_ring(directory.path(), "blue-01", mark, nullptr); });
            INFO(fault.describe());
            if (taken.ok()) REQUIRE(taken.value().ring->identity() == mark.identity);
        }
        INFO(fault.describe());
        REQUIRE(waiting(*take(directory, mark).ring) == "published\ncounted\n");
    });
}

TEST_CASE("the lines of a place that nobody takes again are left to another process") {
    const TemporaryDirectory directory;
    const auto fd = open_state_directory(directory.path());
    const int at = fd.value().get();
    CHECK_FALSE(log::has_lines(at, "blue-01", {}));
    const RingMark mark = die(directory);
    CHECK(log::has_lines(at, "blue-01", mark));
    REQUIRE(log::leave_ring(at, "blue-01", mark));
    CHECK_FALSE(log::has_lines(at, "blue-01", mark));
    CHECK(take(directory, mark).ring->is_empty());

    REQUIRE(log::list_left_rings(at) == std::vector<std::string>{"blue-01"});
    const auto left = log::open_left_ring(at, "blue-01");
    REQUIRE(left.ok());
    CHECK(left.value().ring->is_closed());
    CHECK(waiting(*left.value().ring) == "published\ncounted\n");
    // One at a time: the next one waits in its place.
    const RingMark again = die(directory);
    CHECK_FALSE(log::leave_ring(at, "blue-01", again).ok());
    CHECK(log::has_lines(at, "blue-01", again));
    log::remove_left_ring(at, "blue-01");
    CHECK(log::list_left_rings(at).empty());
    CHECK(log::leave_ring(at, "blue-01", again).ok());
}

TEST_CASE("a line that counts and is not published is reason enough to look after a place") {
    const TemporaryDirectory directory;
    const auto fd = open_state_directory(directory.path());
    RingMark mark;
    {
        const RingReading taken = take(directory);
        taken.ring->append("counted\n");
        mark = {taken.ring->identity(), taken.ring->end()};
    }
    CHECK_FALSE(log::has_lines(fd.value().get(), "blue-01", {}));
    CHECK(log::has_lines(fd.value().get(), "blue-01", mark));
}
