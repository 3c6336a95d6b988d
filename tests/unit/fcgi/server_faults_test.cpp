#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <csignal>

#include "appcore/fcgi/server.hpp"
#include "faults.hpp"
#include "wire.hpp"

using namespace appcore;
using system::FileDescriptor;

namespace {

class Greeter final : public fcgi::Handler {
  public:
    void handle(const http::Request&, http::Response& response) override {
        response.set(200, "text/plain", "hello");
    }
};

constexpr fcgi::ServerOptions kOptions{1000};
constexpr int kPatience = 10000;  // milliseconds until a reply counts as missing
constexpr int kTries = 3;         // a web server tries again where a connection is closed

struct Address {
    sockaddr_un name = {};
    socklen_t length = sizeof name;
    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&name); }
};

FileDescriptor listen_anywhere(Address& address) {
    FileDescriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    address.name.sun_family = AF_UNIX;
    REQUIRE(::bind(listener.get(), address.get(), sizeof(sa_family_t)) == 0);
    REQUIRE(::listen(listener.get(), 100) == 0);
    REQUIRE(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address.name),
                          &address.length) == 0);
    return listener;
}

[[noreturn]] void serve(int listener, const faults::Injection& fault) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const fcgi::Signals signals;
    Greeter handler;
    if (!fcgi::Connection::initialize()) ::_exit(2);
    auto server = fcgi::Server::create(listener, handler, signals, kOptions);
    if (!server) ::_exit(2);
    fault.arm();
    ::_exit(server.value()->run() ? 0 : 1);
}

// Whether a request on this connection is answered; it may be closed without a reply.
bool is_answered(const FileDescriptor& client) {
    static const std::string kRequest = wire::request({{"REQUEST_METHOD", "GET"}}, "", true);
    if (::send(client.get(), kRequest.data(), kRequest.size(), MSG_NOSIGNAL) < 0) return false;
    pollfd waiting = {client.get(), POLLIN, 0};
    REQUIRE(::poll(&waiting, 1, kPatience) == 1);
    char byte = 0;
    if (::recv(client.get(), &byte, 1, MSG_PEEK) <= 0) return false;
    std::array<char, 4096> bytes{};
    return ::recv(client.get(), bytes.data(), bytes.size(), 0) > 0;
}

bool is_answered_in_the_end(const Address& address) {
    for (int i = 0; i < kTries; ++i) {
        const FileDescriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(::connect(client.get(), address.get(), address.length) == 0);
        if (is_answered(client) && is_answered(client)) return true;
    }
    return false;
}

}  // namespace

TEST_CASE("whatever call fails in the loop, the server continues") {
    faults::fail_each_call(faults::Kind::once, [](const faults::Injection& fault) {
        Address address;
        const FileDescriptor listener = listen_anywhere(address);
        const pid_t child = ::fork();
        if (child == 0) serve(listener.get(), fault);
        const bool is_answered = is_answered_in_the_end(address);
        ::kill(child, is_answered ? SIGTERM : SIGKILL);
        int status = 0;
        ::waitpid(child, &status, 0);
        INFO(fault.describe());
        REQUIRE(is_answered);
        REQUIRE((WIFEXITED(status) && WEXITSTATUS(status) == 0));
    });
}

TEST_CASE("a server that cannot be made says what failed") {
    const fcgi::Signals signals;
    Greeter handler;
    faults::fail_each_call(faults::Kind::once, [&](const faults::Injection& fault) {
        Address address;
        const FileDescriptor listener = listen_anywhere(address);
        const auto server = fault.during(
            [&] { return fcgi::Server::create(listener.get(), handler, signals, kOptions); });
        INFO(fault.describe());
        REQUIRE(server.ok() != faults::Injection::struck());
        if (!server) REQUIRE(server.error().message.find(": ") != std::string::npos);
    });
}
