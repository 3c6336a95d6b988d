#include "appcore/fcgi/reply.hpp"

#include <sys/socket.h>

#include <array>
#include <string>
#include <thread>

#include "appcore/system/file_descriptor.hpp"
#include "catch.hpp"
#include "fcgi/wire.hpp"

namespace {

using namespace appcore;

struct Pair {
    explicit Pair(int type) {
        std::array<int, 2> both{};
        REQUIRE(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, both.data()) == 0);
        program = system::FileDescriptor(both[0]);
        peer = system::FileDescriptor(both[1]);
    }
    [[nodiscard]] std::string receive() const {
        std::string bytes(1 << 20, '\0');
        const ssize_t count = ::recv(peer.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        return bytes;
    }
    system::FileDescriptor program, peer;
};

}  // namespace

TEST_CASE("a reply that the socket has room for is one system call, which no kill can halve") {
    const std::string head = "Status: 200 OK\r\n\r\n";
    for (const std::size_t size : {0UL, 1UL, 65'507UL, 65'508UL, 65'509UL, 65'528UL, 150'000UL}) {
        INFO(size);
        const std::string body(size, 'x');
        const Pair pair(SOCK_SEQPACKET);  // each system call is a packet
        REQUIRE(fcgi::send_reply(pair.program.get(), 1, head, body) == fcgi::Delivery::whole);
        const std::string packet = pair.receive();
        CHECK(wire::reply(packet) == head + body);
        CHECK(packet.ends_with(wire::record(wire::out, "") +
                               wire::record(wire::end, std::string(8, '\0'))));
    }
}

TEST_CASE("a reply larger than any socket's room arrives whole, too") {
    const std::string head = "Status: 200 OK\r\n\r\n";
    for (const std::size_t size : {1'048'428UL, 1'048'429UL, 5'000'000UL}) {
        INFO(size);
        std::string body(size, '\0');
        for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>(i % 251);
        Pair pair(SOCK_STREAM);
        std::string received;
        std::thread reader([&] {
            std::array<char, 65536> bytes{};
            for (ssize_t count = 0;
                 (count = ::recv(pair.peer.get(), bytes.data(), bytes.size(), 0)) > 0;) {
                received.append(bytes.data(), static_cast<std::size_t>(count));
            }
        });
        const fcgi::Delivery delivery = fcgi::send_reply(pair.program.get(), 1, head, body);
        pair.program = {};
        reader.join();
        CHECK(delivery == fcgi::Delivery::whole);
        CHECK((wire::reply(received) == head + body));
    }
}
