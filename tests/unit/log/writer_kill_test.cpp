// What a kill leaves of the lines: those that count, each once.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "appcore/log/line_file.hpp"
#include "appcore/log/ring_file.hpp"
#include "appcore/log/writer.hpp"
#include "store/slot_fixture.hpp"

using namespace slot_fixture;  // NOLINT(google-build-using-namespace)
using log::Position;
using log::Writer;

namespace {

// What a worker and its successors share with the test.
struct Shared {
    std::atomic<Position> position{0};  // the slot's words
    std::atomic<std::uint64_t> identity{0};
};

constexpr std::size_t kLine = 101;  // of one length, so that the position tells how many there are

const std::string kAnother = std::string(log::kLineBegin) + "another";

std::string line_number(std::uint64_t number) {
    std::string line = std::string(log::kLineBegin) + std::to_string(number);
    line.resize(kLine - 1, '.');
    return line + "\n";
}

// Takes the ring over and says line after line: appended, committed, published, as a request does.
// Other processes append to the same file.
[[noreturn]] void work(const std::string& directory, Shared& shared, std::uint64_t lines) {
    auto taken =
        log::take_ring(directory, "worker-01", {shared.identity, shared.position}, nullptr);
    if (!taken || !taken.value().problem.empty()) ::_exit(1);
    log::Ring& ring = *taken.value().ring;
    if (shared.identity != ring.identity()) {
        shared.position = 0;
        shared.identity = ring.identity();
    }
    Writer writer(directory + "/log");
    writer.add(taken.value().ring);
    for (std::uint64_t i = 0; i < lines; ++i) {
        while (!ring.append(line_number(shared.position / kLine + 1))) ::usleep(100);
        shared.position = ring.end();
        ring.publish();
        writer.wake();
    }
    writer.finish();
    ::_exit(0);
}

}  // namespace

TEST_CASE(
    "each line that counts is in the log once, whenever its process and successors are killed") {
    const unsigned seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    const TemporaryDirectory directory;
    void* const memory =
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    auto& shared = *new (memory) Shared;
    const pid_t other = ::fork();
    if (other == 0) {
        // As another worker does it.
        log::LineFile file(directory / "log");
        if (!file.open()) ::_exit(1);
        const std::string line = kAnother + "\n";
        while (file.append({line, {}}) == line.size()) ::usleep(200);
        ::_exit(1);
    }
    for (int i = 0; i < 60; ++i) {
        const pid_t child = ::fork();
        if (child == 0) work(directory.path(), shared, 100'000);
        ::usleep(std::uniform_int_distribution<useconds_t>(0, 20'000)(random));
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
    }
    ::kill(other, SIGKILL);
    ::waitpid(other, nullptr, 0);
    const pid_t last = ::fork();
    if (last == 0) work(directory.path(), shared, 10);
    int status = 0;
    ::waitpid(last, &status, 0);
    CHECK(status == 0);

    std::istringstream log(read_file(directory / "log"));
    std::uint64_t expected = 1;
    std::string first_wrong;
    for (std::string line; std::getline(log, line);) {
        if (line == kAnother) continue;
        if (line + "\n" == line_number(expected)) {
            ++expected;
        } else if (first_wrong.empty()) {
            first_wrong = std::to_string(expected) + " expected: " + line;
        }
    }
    CHECK(first_wrong == "");
    CHECK(expected - 1 == shared.position / kLine);
    CHECK(expected > 1000);
    ::munmap(memory, sizeof(Shared));
}
