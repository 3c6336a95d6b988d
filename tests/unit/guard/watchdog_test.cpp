#include "appcore/guard/watchdog.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>

#include "appcore/guard/parting_reply.hpp"
#include "appcore/system/file_descriptor.hpp"
#include "catch.hpp"
#include "fcgi/wire.hpp"

using namespace appcore;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;
using guard::RequestInHand;

namespace {

constexpr int kUndisturbed = 42;
// For a watchdog that must act, on a busy machine too, and for one that must not: several timeouts.
constexpr auto kLongest = 60s;
constexpr auto kAWhile = 300ms;

struct Ending {
    int exit_code;
    std::string received;  // by the other end of the connection
};

// Has a process serve requests, as `serve` does it, under a watchdog with a short timeout, and
// wait for so long afterwards.
template <typename Serve>
Ending run(std::chrono::milliseconds wait, Serve serve, std::chrono::milliseconds timeout = 50ms) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    const system::FileDescriptor peer(ends[0]);
    system::FileDescriptor connection(ends[1]);
    const pid_t pid = ::fork();
    if (pid == 0) {
        RequestInHand request;
        guard::LastWords words("blue-01");
        const guard::Watchdog watchdog(request, words, {timeout, [] {}});
        serve(request, connection.get());
        std::this_thread::sleep_for(wait);
        ::_exit(kUndisturbed);
    }
    connection = system::FileDescriptor();
    int status = 0;
    ::waitpid(pid, &status, 0);
    std::array<char, 4096> buffer{};
    const ssize_t size = ::recv(peer.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1,
            {buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0}};
}

}  // namespace

TEST_CASE("a request that hangs is answered and ends the process") {
    const Ending ending = run(kLongest, [](RequestInHand& request, int connection) {
        const http::Request none;
        request.begin(connection, std::chrono::steady_clock::now());
        request.handle(none);
    });
    CHECK(ending.exit_code == guard::Watchdog::kExitCode);
    CHECK(ending.received == guard::timeout_reply());
}

TEST_CASE("a request that is never read to its end hangs, too") {
    const Ending ending = run(kLongest, [](RequestInHand& request, int connection) {
        request.begin(connection, std::chrono::steady_clock::now());
    });
    CHECK(ending.exit_code == guard::Watchdog::kExitCode);
    CHECK(ending.received == guard::timeout_reply());
}

TEST_CASE("a reply that has begun is not followed by another") {
    const Ending ending = run(kLongest, [](RequestInHand& request, int connection) {
        const http::Request none;
        request.begin(connection, std::chrono::steady_clock::now());
        request.handle(none);
        request.commit();
        request.reply();
    });
    CHECK(ending.exit_code == guard::Watchdog::kExitCode);
    CHECK(ending.received.empty());
}

TEST_CASE("a request that is counted is not answered with a 504, though it hangs") {
    const Ending ending = run(kLongest, [](RequestInHand& request, int connection) {
        const http::Request none;
        request.begin(connection, std::chrono::steady_clock::now());
        request.handle(none);
        request.commit();
    });
    CHECK(ending.exit_code == guard::Watchdog::kExitCode);
    CHECK(ending.received.empty());
}

TEST_CASE("a request that is counted is given time, however long ago it began") {
    const Ending ending = run(kAWhile, [](RequestInHand& request, int connection) {
        const http::Request none;
        // As after a SIGSTOP: the watchdog's first look comes late.
        request.begin(connection, std::chrono::steady_clock::now() - 1h);
        request.handle(none);
        request.commit();
        request.reply();
        std::this_thread::sleep_for(5ms);
        request.end();
    });
    CHECK(ending.exit_code == kUndisturbed);
}

TEST_CASE("requests that are counted one after the other are not taken for one that hangs") {
    const Ending ending = run(
        kAWhile,
        [](RequestInHand& request, int connection) {
            const http::Request none;
            for (int i = 0; i < 80; ++i) {  // twice the timeout
                request.begin(connection, std::chrono::steady_clock::now() + 1h);
                request.handle(none);
                request.commit();
                request.reply();
                std::this_thread::sleep_for(25ms);
                request.end();
            }
        },
        1s);
    CHECK(ending.exit_code == kUndisturbed);
}

TEST_CASE("a process without a request, or whose requests end in time, lives on") {
    CHECK(run(kAWhile, [](RequestInHand&, int) {}).exit_code == kUndisturbed);
    CHECK(run(kAWhile, [](RequestInHand& request, int connection) {
              // Young, however slow the machine is.
              request.begin(connection, std::chrono::steady_clock::now() + 1h);
              request.end();
          }).exit_code == kUndisturbed);
}
