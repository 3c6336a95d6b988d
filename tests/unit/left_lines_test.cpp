#include "appcore/left_lines.hpp"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <thread>

#include "appcore/log/ring_file.hpp"
#include "store/slot_fixture.hpp"

using namespace slot_fixture;  // NOLINT(google-build-using-namespace)

namespace {

// A worker that is killed with one line published and one that counts.
void die(const TemporaryDirectory& directory, const std::string& name) {
    Recorder recorder(options(directory.path(), name));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    const auto taken = log::take_ring(directory.path(), name, recorder.log_mark(), recorder.lock());
    REQUIRE(taken.ok());
    log::Ring& ring = *taken.value().ring;
    recorder.use_log_ring(ring.identity());
    ring.append(name + " published\n");
    ring.publish();
    ring.append(name + " counted\n");
    RequestRecord record = prediction();
    record.log_position = ring.end();
    recorder.record_request(record);
}

std::string written(const TemporaryDirectory& directory, LeftLines* lines, log::Log& log) {
    if (lines != nullptr) lines->collect();
    log.finish();
    return read_file(directory / "log");
}

}  // namespace

TEST_CASE("the lines of dead places are written, and nothing of them stays behind") {
    const TemporaryDirectory directory;
    die(directory, "blue-01");
    die(directory, "blue-02");
    const auto log = log::Log::open(directory / "log", spdlog::level::info, "metrics");
    REQUIRE(log.ok());
    LeftLines lines(directory.path(), *log.value());
    CHECK(written(directory, &lines, *log.value()) ==
          "blue-01 published\nblue-01 counted\nblue-02 published\nblue-02 counted\n");
    CHECK(::access((directory / "blue-01.log-left").c_str(), F_OK) != 0);
    CHECK(::access((directory / "blue-01.log-ring").c_str(), F_OK) != 0);
    // The next holder has nothing to write again.
    Recorder next(options(directory.path(), "blue-01"));
    REQUIRE_FALSE(next.maintain(kNoon));
    const auto taken = log::take_ring(directory.path(), "blue-01", next.log_mark(), next.lock());
    REQUIRE(taken.ok());
    CHECK(taken.value().ring->is_empty());
}

TEST_CASE("a line that was taken back stays away when the next request kills its worker") {
    const TemporaryDirectory directory;
    {
        Recorder recorder(options(directory.path(), "blue-01"));
        REQUIRE_FALSE(recorder.maintain(kNoon));
        const auto taken =
            log::take_ring(directory.path(), "blue-01", recorder.log_mark(), recorder.lock());
        REQUIRE(taken.ok());
        log::Ring& ring = *taken.value().ring;
        recorder.use_log_ring(ring.identity());
        ring.append("a published line\n");
        ring.publish();
        ring.append("the line of a reply that nobody took\n");
        RequestRecord record = prediction();
        record.log_position = ring.end();
        recorder.record_request(record);
        recorder.retract_request(record);
        ring.take_back();
        ring.append("not counted yet\n");
    }
    const auto log = log::Log::open(directory / "log", spdlog::level::info, "metrics");
    REQUIRE(log.ok());
    LeftLines lines(directory.path(), *log.value());
    CHECK(written(directory, &lines, *log.value()) == "a published line\n");
}

TEST_CASE("a ring of a dead place that is damaged is set aside, and the log says so once") {
    const TemporaryDirectory directory;
    die(directory, "blue-01");
    write_file(directory / "blue-01.log-ring", "noise");
    const auto log = log::Log::open(directory / "log", spdlog::level::info, "metrics");
    REQUIRE(log.ok());
    LeftLines lines(directory.path(), *log.value());
    lines.collect();
    const std::string text = written(directory, &lines, *log.value());
    CHECK(text.find("blue-01.log-ring is set aside as blue-01.log-damaged") != std::string::npos);
    CHECK(std::ranges::count(text, '\n') == 1);
}

TEST_CASE("the lines of a place whose holders are killed one after the other are all written") {
    const TemporaryDirectory directory;
    const auto log = log::Log::open(directory / "log", spdlog::level::info, "metrics");
    REQUIRE(log.ok());
    LeftLines lines(directory.path(), *log.value());
    const std::string lines_of_one = "blue-01 published\nblue-01 counted\n";
    std::string expected;
    for (int i = 0; i < 2; ++i) {
        die(directory, "blue-01");
        expected += lines_of_one;
        for (int look = 0; look < 600 && read_file(directory / "log") != expected; ++look) {
            lines.collect();
            std::this_thread::sleep_for(100ms);
        }
        REQUIRE(read_file(directory / "log") == expected);
    }
}

TEST_CASE("the lines of living processes are left to them") {
    const TemporaryDirectory directory;
    Recorder living(options(directory.path(), "blue-01"));
    REQUIRE_FALSE(living.maintain(kNoon));
    const auto taken =
        log::take_ring(directory.path(), "blue-01", living.log_mark(), living.lock());
    REQUIRE(taken.ok());
    taken.value().ring->append("a line\n");
    taken.value().ring->publish();
    const auto log = log::Log::open(directory / "log", spdlog::level::info, "metrics");
    REQUIRE(log.ok());
    LeftLines lines(directory.path(), *log.value());
    CHECK(written(directory, &lines, *log.value()).empty());
}

TEST_CASE("what a killed metrics program was writing is written by its successor") {
    const TemporaryDirectory directory;
    die(directory, "blue-01");
    {
        const auto fd = open_state_directory(directory.path());
        const auto reading = read(directory.path(), "blue-01");
        constexpr std::size_t kPosition = offsetof(WorkerWords, log_position) / sizeof(Word);
        REQUIRE(log::leave_ring(
            fd.value().get(), "blue-01",
            {reading.image.worker(kPosition + 1), reading.image.worker(kPosition)}));
    }
    const auto log = log::Log::open(directory / "log", spdlog::level::info, "metrics");
    REQUIRE(log.ok());
    LeftLines lines(directory.path(), *log.value());
    lines.collect();
    CHECK(written(directory, &lines, *log.value()) == "blue-01 published\nblue-01 counted\n");
}
