#include "appcore/guard/crash_report.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <string>

#include "appcore/guard/parting_reply.hpp"
#include "appcore/guard/sanitizer.hpp"
#include "appcore/system/file_descriptor.hpp"
#include "catch.hpp"

using namespace appcore;  // NOLINT(google-build-using-namespace)

TEST_CASE("a process that crashes or aborts tells the web server, and dies of that signal") {
    if (guard::kHasSanitizer) return;  // which has its own report
    const int number = GENERATE(SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT);
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    const system::FileDescriptor peer(ends[0]);
    system::FileDescriptor connection(ends[1]);
    const pid_t pid = ::fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
        const rlimit no_core = {0, 0};
        ::setrlimit(RLIMIT_CORE, &no_core);
        for (const int each : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) ::signal(each, SIG_DFL);
        guard::RequestInHand request;
        guard::LastWords words("blue-01");
        guard::report_crashes(request, words, guard::crash_reply());
        const http::Request none;
        request.begin(connection.get(), std::chrono::steady_clock::now());
        request.handle(none);
        ::raise(number);
        ::_exit(0);
    }
    connection = system::FileDescriptor();
    int status = 0;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    CHECK((WIFSIGNALED(status) && WTERMSIG(status) == number));
    std::array<char, 4096> buffer{};
    const ssize_t size = ::recv(peer.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    REQUIRE(size > 0);
    CHECK(std::string(buffer.data(), static_cast<std::size_t>(size)) == guard::crash_reply());
}
