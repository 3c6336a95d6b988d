#include "appcore/guard/parting_reply.hpp"

#include <sys/socket.h>

#include <array>
#include <string>

#include "appcore/system/file_descriptor.hpp"
#include "catch.hpp"
#include "fcgi/wire.hpp"

using namespace appcore;  // NOLINT(google-build-using-namespace)
using guard::Phase;

namespace {

// What arrives at the other end of the connection of a request in this phase.
std::string arrives(Phase phase) {
    std::array<int, 2> ends{};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
    const system::FileDescriptor ours(ends[0]);
    const system::FileDescriptor theirs(ends[1]);
    guard::RequestView request;
    request.phase = phase;
    request.connection = ours.get();
    guard::send_parting_reply(request, guard::crash_reply());
    std::string bytes(1024, '\0');
    const ssize_t count = recv(theirs.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return bytes;
}

}  // namespace

TEST_CASE("parting replies are whole ones by FastCGI") {
    CHECK(wire::reply(guard::timeout_reply()) ==
          "Status: 504 Gateway Timeout\r\nX-Accel-Redirect: /-/timeout\r\n\r\n");
    CHECK(wire::reply(guard::crash_reply()) ==
          "Status: 502 Bad Gateway\r\nX-Accel-Redirect: @last_try\r\n\r\n");
    for (const std::string_view reply : {guard::timeout_reply(), guard::crash_reply()}) {
        CHECK(reply.substr(reply.size() - 16) ==
              std::string_view("\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
                               16));
    }
}

TEST_CASE("a parting reply is sent unless another one has begun") {
    CHECK(arrives(Phase::none).empty());
    CHECK(arrives(Phase::reading) == guard::crash_reply());
    CHECK(arrives(Phase::handling) == guard::crash_reply());
    CHECK(arrives(Phase::replying).empty());
}
