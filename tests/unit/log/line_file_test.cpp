#include "appcore/log/line_file.hpp"

#include <fcntl.h>
#include <limits.h>  // NOLINT(modernize-deprecated-headers)
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include "appcore/log/append_locks.hpp"
#include "faults.hpp"
#include "log/redirected_output.hpp"
#include "store/slot_fixture.hpp"

using namespace slot_fixture;  // NOLINT(google-build-using-namespace)
using log::kOutOfTurn;
using log::kTurn;
using log::LineFile;

namespace {

void append_to(const std::string& path, const std::string& text) {
    const system::FileDescriptor file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    REQUIRE(::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

void lock(int fd, off_t byte, short type) {
    REQUIRE(log::set_lock(fd, byte, type));
}

// Whether somebody else appends out of turn.
bool is_out_of_turn(int fd) {
    struct flock found = {};
    found.l_type = F_WRLCK;
    found.l_start = kOutOfTurn;
    found.l_len = 1;
    REQUIRE(::fcntl(fd, F_OFD_GETLK, &found) == 0);
    return found.l_type != F_UNLCK;
}

// Lets files grow to so many bytes only, while it lives; as a full disk, a write is cut there.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t size) {
        ::signal(SIGXFSZ, SIG_IGN);
        REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
        const rlimit limit = {size, before_.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;
    ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

  private:
    rlimit before_{};
};

}  // namespace

TEST_CASE("lines are appended, in one piece or two") {
    const TemporaryDirectory directory;
    LineFile file(directory / "log");
    REQUIRE(file.open());
    CHECK(file.append({"one\n", ""}) == 4);
    append_to(directory / "log", "other\n");
    CHECK(file.append({"tw", "o\n"}) == 4);
    CHECK(read_file(directory / "log") == "one\nother\ntwo\n");
}

TEST_CASE("a part of a line is removed again, what is whole stays") {
    for (std::size_t limit = 0; limit < 20; ++limit) {
        for (std::size_t cut = 0; cut <= 15; ++cut) {
            const TemporaryDirectory directory;
            LineFile file(directory / "log");
            REQUIRE(file.open());
            const std::string lines = "1234\n5678\n90ab\n";
            const std::string_view view = lines;
            std::size_t taken = 0;
            {
                const FileSizeLimit full(limit);
                taken = file.append({view.substr(0, cut), view.substr(cut)});
            }
            REQUIRE(taken == std::min<std::size_t>(limit / 5 * 5, 15));
            REQUIRE(read_file(directory / "log") == lines.substr(0, taken));
            REQUIRE(file.append({view.substr(taken), {}}) == 15 - taken);
            REQUIRE(read_file(directory / "log") == lines);
        }
    }
}

TEST_CASE("a part of a line that a killed process has left is removed, whatever its length") {
    const std::string line =
        std::string(log::kLineBegin) + std::string(4000 - log::kLineBegin.size(), 'x');
    for (const std::string& before : {std::string(), std::string("whole\n"), line + "\n"}) {
        for (std::size_t length = 1; length <= line.size(); length += length < 20 ? 1 : 199) {
            const TemporaryDirectory directory;
            LineFile file(directory / "log");
            REQUIRE(file.open());
            append_to(directory / "log", before + line.substr(0, length));
            CHECK(file.append({"one\n", {}}) == 4);
            CHECK(file.append({"two\n", {}}) == 4);
            REQUIRE(read_file(directory / "log") == before + "one\ntwo\n");
        }
    }
}

TEST_CASE("an unfinished line of somebody else's is ended") {
    for (const std::string& end :
         {std::string("brok"), std::string(R"({"time":)"), std::string(10'000, 'x')}) {
        const TemporaryDirectory directory;
        LineFile file(directory / "log");
        REQUIRE(file.open());
        append_to(directory / "log", "whole\n" + end);
        CHECK(file.append({"one\n", {}}) == 4);
        CHECK(file.append({"two\n", {}}) == 4);
        CHECK(read_file(directory / "log") == "whole\n" + end + "\none\ntwo\n");
    }
}

TEST_CASE("a part of a line is gone before another process appends") {
    const TemporaryDirectory directory;
    LineFile file(directory / "log");
    REQUIRE(file.open());
    {
        const FileSizeLimit full(3);
        CHECK(file.append({"12345\n", {}}) == 0);
    }
    append_to(directory / "log", "other\n");
    CHECK(file.append({"12345\n", {}}) == 6);
    CHECK(read_file(directory / "log") == "other\n12345\n");
}

TEST_CASE("a file is not shortened out of turn, since others may be appending") {
    const TemporaryDirectory directory;
    LineFile file(directory / "log");
    REQUIRE(file.open());
    const system::FileDescriptor other(
        ::open((directory / "log").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    lock(other.get(), kTurn, F_WRLCK);
    {
        const FileSizeLimit full(8);
        CHECK(file.append({"12345\n67890\n", {}}) == 6);
    }
    CHECK(read_file(directory / "log") == "12345\n67");
    CHECK(file.append({"67890\n", {}}) == 6);
    CHECK(read_file(directory / "log") == "12345\n67\n67890\n");
}

TEST_CASE("an unfinished line of ours is ended out of turn") {
    const TemporaryDirectory directory;
    LineFile file(directory / "log");
    REQUIRE(file.open());
    const std::string part = std::string(log::kLineBegin) + "2026";
    append_to(directory / "log", part);
    const system::FileDescriptor other(
        ::open((directory / "log").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    lock(other.get(), kTurn, F_WRLCK);
    CHECK(file.append({"one\n", {}}) == 4);
    CHECK(read_file(directory / "log") == part + "\none\n");
}

TEST_CASE("a line that is just being appended is neither cut off nor ended") {
    // In its turn, when this process has none, or out of turn, when it has.
    const off_t held = GENERATE(kTurn, kOutOfTurn);
    const TemporaryDirectory directory;
    LineFile file(directory / "log");
    REQUIRE(file.open());
    const system::FileDescriptor other(
        ::open((directory / "log").c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
    lock(other.get(), held, held == kTurn ? F_WRLCK : F_RDLCK);
    const std::string line = std::string(log::kLineBegin) + "2026\"}\n";
    append_to(directory / "log", line.substr(0, 16));
    std::size_t appended = 0;
    std::thread appending([&] { appended = file.append({"one\n", {}}); });
    // It has seen the beginning: out of turn it says so, in its turn its look may still be to come.
    while (held == kTurn && !is_out_of_turn(other.get())) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    append_to(directory / "log", line.substr(16));
    appending.join();
    CHECK(appended == 4);
    CHECK(read_file(directory / "log") == line + "one\n");
}

TEST_CASE("nothing is appended out of turn while the file is being shortened") {
    const TemporaryDirectory directory;
    LineFile file(directory / "log");
    REQUIRE(file.open());
    const system::FileDescriptor other(
        ::open((directory / "log").c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
    lock(other.get(), kTurn, F_WRLCK);
    lock(other.get(), kOutOfTurn, F_WRLCK);
    CHECK(file.append({"one\n", {}}) == 0);
    CHECK(read_file(directory / "log").empty());
    lock(other.get(), kOutOfTurn, F_UNLCK);
    CHECK(file.append({"one\n", {}}) == 4);
    CHECK(read_file(directory / "log") == "one\n");
}

TEST_CASE("lines that have arrived are found again, and no others") {
    const TemporaryDirectory directory;
    const std::string lines = "alpha\nbeta\ngamma\n";
    LineFile file(directory / "log");
    REQUIRE(file.open());
    append_to(directory / "log", "before\n");
    const log::FileMark mark = file.mark();
    SECTION("nothing has arrived") {
        CHECK(file.find(mark, lines) == 0);
    }
    SECTION("others have written") {
        append_to(directory / "log", "x\nalp\n");
        CHECK(file.find(mark, lines) == 0);
        CHECK(read_file(directory / "log") == "before\nx\nalp\n");
    }
    SECTION("all has arrived between those of others") {
        append_to(directory / "log", "x\n" + lines + "y\n");
        CHECK(file.find(mark, lines) == lines.size());
    }
    SECTION("some lines have arrived") {
        append_to(directory / "log", "x\nalpha\nbeta\n");
        CHECK(file.find(mark, lines) == 11);
    }
    SECTION("a part has arrived, which is removed") {
        for (std::size_t size = 1; size < lines.size(); ++size) {
            append_to(directory / "log", lines.substr(0, size));
            const std::size_t whole = size < 6 ? 0 : size < 11 ? 6 : 11;
            REQUIRE(file.find(mark, lines) == whole);
            REQUIRE(read_file(directory / "log") == "before\n" + lines.substr(0, whole));
            REQUIRE(::truncate((directory / "log").c_str(), 7) == 0);
        }
    }
    SECTION("the file is another one") {
        append_to(directory / "log", lines);
        REQUIRE(::rename((directory / "log").c_str(), (directory / "log.1").c_str()) == 0);
        REQUIRE(file.reopen());
        append_to(directory / "log", lines + lines);
        CHECK(file.find(mark, lines) == 0);
    }
}

TEST_CASE("a stream is given no more at once than it keeps whole") {
    const TemporaryDirectory directory;
    REQUIRE(::mkfifo((directory / "log").c_str(), 0600) == 0);
    const system::FileDescriptor reader(
        ::open((directory / "log").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    LineFile file(directory / "log");
    REQUIRE(file.open());
    CHECK(file.batch_size() == PIPE_BUF);
    CHECK(file.mark() == log::FileMark{});
    CHECK(file.append({"one\n", {}}) == 4);
}

TEST_CASE("a log that cannot be opened goes to standard output until it can") {
    const TemporaryDirectory directory;
    const std::string path = directory / "none/log";
    LineFile file(path);
    {
        const RedirectedOutput output(directory / "output");
        const Status opened = file.open();
        REQUIRE_FALSE(opened.ok());
        CHECK(opened.error().message.find(path) != std::string::npos);
    }
    CHECK(file.append({"one\n", {}}) == 4);
    REQUIRE(::mkdir((directory / "none").c_str(), 0700) == 0);
    REQUIRE(file.reopen());
    CHECK(file.append({"two\n", {}}) == 4);
    CHECK(read_file(directory / "output") == "one\n");
    CHECK(read_file(path) == "two\n");
}

// As the writer does it: what has not been taken is offered again.
TEST_CASE("whatever call fails, each line arrives once, and beside it fragments at most") {
    const auto kind = GENERATE(faults::Kind::once, faults::Kind::lasting);
    faults::fail_each_call(kind, [&](const faults::Injection& fault) {
        const TemporaryDirectory directory;
        LineFile file(directory / "log");
        REQUIRE(file.open());
        const std::string lines = "alpha\nbeta\ngamma\n";
        std::string_view rest = lines;
        const auto offer = [&] { rest.remove_prefix(file.append({rest, {}})); };
        fault.during([&] {
            offer();
            static_cast<void>(file.reopen().ok());
            offer();
        });
        INFO(fault.describe());
        offer();
        REQUIRE(rest.empty());
        std::string whole;
        std::istringstream content(read_file(directory / "log"));
        for (std::string line; std::getline(content, line);) {
            line += '\n';
            if (lines.find(line) != std::string::npos && line.size() > 4) whole += line;
        }
        REQUIRE(whole == lines);
    });
}
