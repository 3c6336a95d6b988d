#include "appcore/fcgi/connection.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "wire.hpp"

using namespace appcore;
using fcgi::Connection;
using http::BodyState;

namespace {

constexpr std::size_t kMaxBody = 1000;
constexpr std::chrono::milliseconds kStall{100};
constexpr std::chrono::milliseconds kPatience{
    60'000};  // where nobody stalls, however busy the machine is

// Answers with what it got: state, then body.
class Echo final : public fcgi::Handler {
  public:
    void request_arrives(int connection) override {
        arrived_on = connection;
        is_awaited = true;
    }
    void handle(const http::Request& request, http::Response& response) override {
        ++requests;
        response.set(request.body_state == BodyState::complete ? 200 : 400, "text/plain",
                     request.body);
        if (request.method == http::Method::head) response.omit_body();
        response.body.append(extra);
        if (before_reply) before_reply();
    }
    void commit() override {
        ++commits;
        if (before_sending) before_sending();
    }
    void request_done(fcgi::Delivery delivery) override {
        last = delivery;
        is_awaited = false;
        if (delivery != fcgi::Delivery::none) ++replies;
    }

    int arrived_on = -1;
    bool is_awaited = false;  // since a request has arrived that has not ended
    int requests = 0;
    int commits = 0;
    int replies = 0;
    fcgi::Delivery last = fcgi::Delivery::none;
    std::string extra;
    std::function<void()> before_sending;
    std::function<void()> before_reply;
};

class Pair {
  public:
    explicit Pair(std::chrono::milliseconds stall = kPatience) {
        REQUIRE(Connection::initialize().ok());
        std::signal(SIGPIPE, SIG_IGN);
        int ends[2] = {-1, -1};
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
        peer = system::FileDescriptor(ends[0]);
        connection = std::make_unique<Connection>(system::FileDescriptor(ends[1]), stall);
    }
    void send(std::string_view bytes) const {
        CHECK(::send(peer.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
              static_cast<ssize_t>(bytes.size()));
    }
    [[nodiscard]] std::string receive() const {
        std::string bytes(100000, '\0');
        const ssize_t count = ::recv(peer.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        return bytes;
    }
    Connection::Limits limits{.max_body = kMaxBody};
    // Whatever comes, the handler hears of its beginning, on which connection, and of its end.
    Connection::After serve() {
        const int descriptor = connection->descriptor();
        handler.arrived_on = -1;
        const Connection::After after = connection->serve(handler, buffers, limits);
        CHECK(handler.arrived_on == descriptor);
        CHECK_FALSE(handler.is_awaited);
        return after;
    }

    system::FileDescriptor peer;
    std::unique_ptr<Connection> connection;
    Echo handler;
    fcgi::Buffers buffers;
};

const wire::Pairs kPost = {{"REQUEST_METHOD", "POST"}, {"CONTENT_LENGTH", "5"}};

constexpr std::string_view kHelloReply =
    "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";

}  // namespace

TEST_CASE("a request is answered with status, headers, length and body") {
    Pair pair;
    pair.send(wire::request(kPost, "hello"));
    CHECK(pair.serve() == Connection::After::closed);
    CHECK(wire::reply(pair.receive()) == kHelloReply);
    CHECK(pair.handler.replies == 1);
}

TEST_CASE("a connection is kept if the web server asks for it, and serves many requests") {
    Pair pair;
    for (int i = 0; i < 100; ++i) {
        pair.send(wire::request(kPost, "hello", true));
        REQUIRE(pair.serve() == Connection::After::kept);
        REQUIRE(wire::reply(pair.receive()) == kHelloReply);
        REQUIRE(pair.connection->state() == Connection::State::silent);
    }
}

TEST_CASE("it does not matter how a request is split into records and writes") {
    const std::size_t chunk = GENERATE(1U, 2U, 7U, 65000U);
    const unsigned char padding =
        GENERATE(static_cast<unsigned char>(0), static_cast<unsigned char>(255));
    Pair pair;
    const std::string bytes = wire::request(kPost, "hello", false, chunk, padding);
    std::thread writer([&] {
        for (const char byte : bytes) ::send(pair.peer.get(), &byte, 1, MSG_NOSIGNAL);
    });
    CHECK(pair.serve() == Connection::After::closed);
    writer.join();
    CHECK(wire::reply(pair.receive()) == kHelloReply);
}

TEST_CASE("a body that is not as long as announced is marked as such") {
    const std::string_view length = GENERATE("0", "4", "6", "999");
    Pair pair;
    pair.send(
        wire::request({{"REQUEST_METHOD", "POST"}, {"CONTENT_LENGTH", length}}, "hello", true));
    CHECK(pair.serve() == Connection::After::kept);
    CHECK(wire::reply(pair.receive()).substr(0, 11) == "Status: 400");
}

TEST_CASE("a body without a length is read to the end of its stream") {
    const wire::Pairs pairs = GENERATE(wire::Pairs{}, wire::Pairs{{"CONTENT_LENGTH", ""}},
                                       wire::Pairs{{"CONTENT_LENGTH", "many"}});
    Pair pair;
    pair.send(wire::request(pairs, "hello"));
    pair.serve();
    CHECK(wire::reply(pair.receive()) == kHelloReply);
}

TEST_CASE("a body over the limit is refused, announced or not, and the connection ends") {
    const wire::Pairs pairs = GENERATE(wire::Pairs{}, wire::Pairs{{"CONTENT_LENGTH", "1001"}},
                                       wire::Pairs{{"CONTENT_LENGTH", "5"}});
    Pair pair;
    pair.send(wire::request(pairs, std::string(kMaxBody + 1, 'x'), true));
    shutdown(pair.peer.get(), SHUT_WR);
    CHECK(pair.serve() == Connection::After::closed);
    CHECK(wire::reply(pair.receive()) ==
          "Status: 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("a body of the limit's size passes") {
    Pair pair;
    pair.send(wire::request({{"CONTENT_LENGTH", "1000"}}, std::string(kMaxBody, 'x')));
    pair.serve();
    CHECK(wire::reply(pair.receive()).substr(0, 11) == "Status: 200");
}

TEST_CASE("a reply to HEAD has the length of the body it does without") {
    Pair pair;
    pair.handler.extra = "12345";
    pair.send(wire::request({{"REQUEST_METHOD", "HEAD"}}, ""));
    pair.serve();
    CHECK(wire::reply(pair.receive()) ==
          "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n");
}

TEST_CASE("a reply larger than the library's buffer arrives whole") {
    Pair pair;
    pair.handler.extra.assign(50000, 'y');
    pair.send(wire::request(kPost, "hello"));
    pair.serve();
    const std::string reply = wire::reply(pair.receive());
    CHECK(reply.substr(reply.find("\r\n\r\n") + 4) == "hello" + std::string(50000, 'y'));
}

TEST_CASE("a peer that stops in the middle of a request is given up, at every byte") {
    const std::string bytes = wire::request(kPost, "hello");
    const bool hangs_up = GENERATE(true, false);
    // A silent peer costs the time limit each, so only some places are tried.
    for (std::size_t size = 1; size < bytes.size(); size += hangs_up ? 1 : 23) {
        Pair pair(kStall);
        pair.send(bytes.substr(0, size));
        if (hangs_up) shutdown(pair.peer.get(), SHUT_WR);
        CHECK(pair.serve() == Connection::After::closed);
        CHECK(pair.handler.requests == 0);
    }
}

TEST_CASE("a peer that does not read its reply is given up") {
    Pair pair(kStall);
    pair.handler.extra.assign(10'000'000, 'y');
    pair.send(wire::request(kPost, "hello", true));
    CHECK(pair.serve() == Connection::After::closed);
    CHECK(pair.handler.replies == 1);
}

TEST_CASE("a connection is closed without waiting for its peer to close, too") {
    std::vector<std::chrono::nanoseconds> times;
    for (int i = 0; i < 5; ++i) {
        Pair pair;
        pair.send(wire::request(kPost, "hello"));
        const auto begin = std::chrono::steady_clock::now();
        CHECK(pair.serve() == Connection::After::closed);
        times.emplace_back(std::chrono::steady_clock::now() - begin);
    }
    // The library would wait for up to two seconds each time.
    CHECK(*std::min_element(times.begin(), times.end()) < std::chrono::seconds(1));
}

TEST_CASE("waiting for a connection ends when it has bytes or when the time is over") {
    constexpr std::chrono::milliseconds kWait{30};
    Pair pair;
    const auto begin = std::chrono::steady_clock::now();
    CHECK(pair.connection->state(kWait) == Connection::State::silent);
    CHECK(std::chrono::steady_clock::now() - begin >= kWait);
    std::thread writer([&pair] { pair.send("x"); });
    CHECK(pair.connection->state(kPatience) == Connection::State::readable);
    writer.join();
}

TEST_CASE("a connection is new until its first request") {
    Pair pair;
    CHECK(pair.connection->is_fresh());
    pair.send(wire::request(kPost, "hello", true));
    pair.serve();
    CHECK_FALSE(pair.connection->is_fresh());
}

TEST_CASE("a connection is silent, readable or gone") {
    Pair pair;
    CHECK(pair.connection->state() == Connection::State::silent);
    pair.send(wire::request(kPost, "hello", true));
    CHECK(pair.connection->state() == Connection::State::readable);
    shutdown(pair.peer.get(), SHUT_WR);
    CHECK(pair.connection->state() == Connection::State::readable);
    pair.peer = system::FileDescriptor();
    CHECK(pair.connection->state() == Connection::State::gone);
}

TEST_CASE("a request that its sender gives up while the body is read is not answered") {
    Pair pair;
    pair.limits.max_body = 100000;
    pair.limits.long_body = 50000;
    pair.limits.before_long = [&pair] { pair.peer = system::FileDescriptor(); };
    pair.send(wire::request({{"REQUEST_METHOD", "POST"}, {"CONTENT_LENGTH", "50000"}},
                            std::string(50000, 'x'), true));
    CHECK(pair.serve() == Connection::After::closed);
    CHECK(pair.handler.requests == 0);
}

TEST_CASE("a body over the limit whose sender has gone is not answered") {
    Pair pair;
    pair.send(wire::request({{"CONTENT_LENGTH", "1001"}}, std::string(kMaxBody + 1, 'x'), true));
    pair.peer = system::FileDescriptor();
    CHECK(pair.serve() == Connection::After::closed);
    CHECK(pair.handler.requests == 0);
}

TEST_CASE("a long body is announced before it is read, a shorter one is not") {
    for (const std::size_t size : {499U, 500U}) {
        Pair pair;
        bool announced = false;
        pair.limits.long_body = 500;
        pair.limits.before_long = [&] { announced = pair.handler.requests == 0; };
        const std::string length = std::to_string(size);
        pair.send(wire::request({{"REQUEST_METHOD", "POST"}, {"CONTENT_LENGTH", length}},
                                std::string(size, 'x'), true));
        CHECK(pair.serve() == Connection::After::kept);
        CHECK(announced == (size == 500));
    }
}

TEST_CASE("a sender that has only ended its writing gets its reply") {
    Pair pair;
    pair.send(wire::request(kPost, "hello", true));
    shutdown(pair.peer.get(), SHUT_WR);
    pair.serve();
    CHECK(wire::reply(pair.receive()) == kHelloReply);
}

TEST_CASE("a reply to a peer that has gone is refused as a whole") {
    Pair pair;
    pair.handler.before_sending = [&pair] { pair.peer = system::FileDescriptor(); };
    pair.send(wire::request(kPost, "hello", true));
    CHECK(pair.serve() == Connection::After::closed);
    CHECK(pair.handler.commits == 1);
    CHECK(pair.handler.last == fcgi::Delivery::refused);
}

TEST_CASE("a peer that reads only a part gets a part") {
    Pair pair(kStall);
    pair.handler.extra.assign(3'000'000, 'y');  // more than a socket holds
    pair.send(wire::request(kPost, "hello", true));
    CHECK(pair.serve() == Connection::After::closed);
    CHECK(pair.handler.last == fcgi::Delivery::partial);
}

TEST_CASE(
    "a reply that the peer does not read before it closes is lost, one that it reads is not") {
    const bool reads = GENERATE(true, false);
    Pair pair;
    pair.send(wire::request(kPost, "hello", true));
    CHECK(pair.serve() == Connection::After::kept);
    CHECK(pair.handler.last == fcgi::Delivery::whole);
    CHECK_FALSE(pair.connection->lost_reply());
    if (reads) CHECK(wire::reply(pair.receive()) == kHelloReply);
    pair.peer = system::FileDescriptor();
    CHECK(pair.connection->lost_reply() == !reads);
}

TEST_CASE("a lack of memory for a reply makes a short one, in what has been given back") {
    Pair pair;
    int tries = 0;
    pair.handler.before_reply = [&] {
        if (++tries == 1) throw std::bad_alloc();
    };
    pair.send(wire::request(kPost, "hello", true));
    CHECK(pair.serve() == Connection::After::kept);
    CHECK(wire::reply(pair.receive()).substr(0, 11) == "Status: 400");
    CHECK(pair.buffers.body.capacity() < 100);
    CHECK(pair.handler.commits == 1);
    pair.send(wire::request(kPost, "hello", true));
    CHECK(pair.serve() == Connection::After::kept);
    CHECK(wire::reply(pair.receive()) == kHelloReply);
}

TEST_CASE("a lack of memory for any reply ends the connection and nothing else") {
    Pair pair;
    pair.handler.before_reply = [] { throw std::bad_alloc(); };
    pair.send(wire::request(kPost, "hello", true));
    CHECK(pair.serve() == Connection::After::closed);
    CHECK(pair.handler.commits == 0);
    CHECK(pair.handler.last == fcgi::Delivery::none);
    CHECK(pair.receive().empty());
}

TEST_CASE("a peer that goes while it is answered does no harm") {
    Pair pair;
    pair.handler.extra.assign(300000, 'y');
    pair.handler.before_reply = [&pair] { pair.peer = system::FileDescriptor(); };
    pair.send(wire::request(kPost, "hello", true));
    CHECK(pair.serve() == Connection::After::closed);
    CHECK(pair.handler.last == fcgi::Delivery::refused);
}

TEST_CASE("bytes that are not FastCGI end the connection") {
    Pair pair;
    pair.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(pair.serve() == Connection::After::closed);
    CHECK(pair.handler.requests == 0);
}

TEST_CASE("padding where the library does not expect it ends the connection") {
    Pair pair(kStall);
    pair.send(wire::begin_request(true) + wire::record(wire::params, "", 8) +
              wire::record(wire::in, ""));
    CHECK(pair.serve() == Connection::After::closed);
    CHECK(pair.handler.requests == 0);
}

TEST_CASE("memory of a large body is given back, that of a usual one serves the next request") {
    constexpr std::size_t kUsual = 2'000'000;  // 100,000 features
    Pair pair;
    for (const std::size_t capacity : {kUsual, std::size_t{64} << 20U}) {
        pair.buffers.body.reserve(capacity);
        pair.send(wire::request(kPost, "hello", true));
        pair.serve();
        CHECK((pair.buffers.body.capacity() >= kUsual) == (capacity == kUsual));
        CHECK(pair.buffers.body.capacity() < 2 * kUsual);
    }
}
