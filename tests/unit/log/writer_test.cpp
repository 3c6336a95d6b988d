#include "appcore/log/writer.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <string>
#include <thread>

#include "store/slot_fixture.hpp"

using namespace slot_fixture;  // NOLINT(google-build-using-namespace)
using log::Ring;
using log::Writer;

namespace {

std::shared_ptr<Ring> anonymous() {
    auto ring = Ring::make_anonymous();
    REQUIRE(ring.ok());
    return ring.value();
}

void say(Ring& ring, Writer& writer, const std::string& line) {
    REQUIRE(ring.append(line + "\n"));
    ring.publish();
    writer.wake();
}

// False if a minute was not enough, on however busy a machine.
bool becomes(const std::function<bool()>& is_true) {
    for (int i = 0; i < 60'000 && !is_true(); ++i) std::this_thread::sleep_for(1ms);
    return is_true();
}

}  // namespace

TEST_CASE("the writer writes what is published, whether it sleeps or not") {
    const TemporaryDirectory directory;
    Writer writer(directory / "log");
    const auto ring = anonymous();
    writer.add(ring);
    std::string expected;
    for (int i = 0; i < 10; ++i) {
        say(*ring, writer, std::to_string(i));
        expected += std::to_string(i) + "\n";
        REQUIRE(becomes([&] { return ring->is_empty(); }));
        REQUIRE(read_file(directory / "log") == expected);
        if (i % 5 == 0) std::this_thread::sleep_for(50ms);  // it sleeps by then
    }
}

TEST_CASE("lines of a ring that was left are written before those that come after it") {
    const TemporaryDirectory directory;
    Writer writer(directory / "log");
    const auto left = anonymous();
    REQUIRE(left->append("left\n"));
    left->publish();
    left->close();
    bool is_written = false;
    const auto ring = anonymous();
    REQUIRE(ring->append("own\n"));
    ring->publish();
    writer.add(left, [&is_written] { is_written = true; });
    writer.add(ring);
    writer.finish();
    CHECK(is_written);
    CHECK(read_file(directory / "log") == "left\nown\n");
}

TEST_CASE("a ring with more lines than a write takes is let go of after the last of them") {
    const TemporaryDirectory directory;
    Writer writer(directory / "log");
    const auto ring = anonymous();
    const std::string line = std::string(999, 'x') + "\n";
    for (int i = 0; i < 600; ++i) REQUIRE(ring->append(line));
    ring->publish();
    ring->close();
    bool was_empty = false;
    writer.add(ring, [&] { was_empty = ring->is_empty(); });
    writer.finish();
    CHECK(was_empty);
    CHECK(read_file(directory / "log").size() == 600 * line.size());
}

TEST_CASE("what cannot be written waits and is written once that is possible") {
    const TemporaryDirectory directory;
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    const rlimit full = {6, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &full) == 0);
    const auto ring = anonymous();
    std::string expected;
    Writer writer(directory / "log");
    writer.add(ring);
    for (int i = 0; i < 100; ++i) {
        say(*ring, writer, std::to_string(i));
        expected += std::to_string(i) + "\n";
    }
    CHECK(becomes([&] { return ring->written() > 0; }));
    std::this_thread::sleep_for(20ms);
    CHECK(read_file(directory / "log") == "0\n1\n2\n");
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
    CHECK(becomes([&] { return ring->is_empty(); }));
    CHECK(read_file(directory / "log") == expected);
}

TEST_CASE("a reader that hangs holds up the writer alone, and an end for a moment only") {
    const TemporaryDirectory directory;
    REQUIRE(::mkfifo((directory / "log").c_str(), 0600) == 0);
    const system::FileDescriptor reader(
        ::open((directory / "log").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    // As in the programs (fcgi/signals.hpp): the writer outlives the test and loses its reader.
    std::signal(SIGPIPE, SIG_IGN);
    const auto ring = anonymous();
    {
        Writer writer(directory / "log");
        writer.add(ring);
        const std::string line(999, 'x');
        for (int i = 0; i < 200; ++i) say(*ring, writer, line);  // more than a pipe takes
        CHECK(becomes([&] { return ring->written() > 32'768; }));
    }
    CHECK_FALSE(ring->is_empty());
}

TEST_CASE("a log is reopened on demand, and earlier lines are in one of both files") {
    const TemporaryDirectory directory;
    Writer writer(directory / "log");
    const auto ring = anonymous();
    writer.add(ring);
    say(*ring, writer, "before");
    REQUIRE(becomes([&] { return ring->is_empty(); }));
    REQUIRE(::rename((directory / "log").c_str(), (directory / "log.1").c_str()) == 0);
    writer.reopen();
    REQUIRE(becomes([&] { return ::access((directory / "log").c_str(), F_OK) == 0; }));
    say(*ring, writer, "after");
    writer.finish();
    CHECK(read_file(directory / "log.1") == "before\n");
    CHECK(read_file(directory / "log") == "after\n");
    CHECK(writer.take_problem().empty());
}

TEST_CASE("why a log cannot be opened is told once") {
    const TemporaryDirectory directory;
    Writer writer(directory / "none/log");
    std::string problem;
    CHECK(becomes([&] {
        if (problem.empty()) problem = writer.take_problem();
        return !problem.empty();
    }));
    CHECK(problem.find("none/log: No such file") != std::string::npos);
    CHECK(writer.take_problem().empty());
}
