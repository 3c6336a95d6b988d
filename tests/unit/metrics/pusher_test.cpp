#include "appcore/metrics/pusher.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "appcore/system/file_descriptor.hpp"
#include "catch.hpp"

using namespace appcore;
using namespace appcore::metrics;

namespace {

// A port of loopback that accepts connections and never says a word.
class SilentGateway {
  public:
    SilentGateway() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address_;
        auto* const name = reinterpret_cast<sockaddr*>(&address_);
        REQUIRE(::bind(socket_.get(), name, length) == 0);
        REQUIRE(::getsockname(socket_.get(), name, &length) == 0);
    }
    void listen() const { REQUIRE(::listen(socket_.get(), 10) == 0); }
    [[nodiscard]] system::FileDescriptor accept() const {
        return system::FileDescriptor(::accept(socket_.get(), nullptr, nullptr));
    }
    [[nodiscard]] PushTarget target() const {
        return {"127.0.0.1", std::to_string(ntohs(address_.sin_port))};
    }

  private:
    system::FileDescriptor socket_;
    sockaddr_in address_{};
};

// Answers one push; returns the first line that was sent.
std::string answer(const SilentGateway& gateway, const std::string& status) {
    const system::FileDescriptor connection = gateway.accept();
    std::string bytes(65536, '\0');
    const ssize_t size = ::recv(connection.get(), bytes.data(), bytes.size(), 0);
    REQUIRE(size > 0);
    const std::string reply =
        "HTTP/1.1 " + status + " X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    ::send(connection.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
    ::shutdown(connection.get(), SHUT_WR);
    return bytes.substr(0, bytes.find('\r'));
}

// The first report that tells of a push.
PushReport next_report(Pusher& pusher) {
    PushReport report;
    for (int i = 0; i < 10000 && report.successes + report.failures == 0; ++i) {
        report = pusher.take_report();
        ::usleep(1000);
    }
    return report;
}

}  // namespace

TEST_CASE("a gateway that is away is a failure with a reason, again and again") {
    const SilentGateway gateway;  // bound, so that nobody else can be there, and not listening
    Pusher pusher(gateway.target(), "/nowhere", {"0", "0", 1}, std::chrono::milliseconds(1));
    PushReport sum;
    for (int i = 0; i < 10000 && sum.failures < 3; ++i) {
        const PushReport report = pusher.take_report();
        sum.failures += report.failures;
        sum.successes += report.successes;
        sum.problem = report.problem;
        ::usleep(1000);
    }
    CHECK(sum.failures >= 3);
    CHECK(sum.successes == 0);
    CHECK(sum.problem == "127.0.0.1:" + gateway.target().port + " cannot be reached");
}

TEST_CASE("a push has succeeded unless the gateway answers with an error") {
    for (const auto& [status, is_success] : {std::pair("200", true), std::pair("202", true),
                                             std::pair("400", false), std::pair("500", false)}) {
        CAPTURE(status);
        const SilentGateway gateway;
        gateway.listen();
        Pusher pusher(gateway.target(), "/nowhere", {"0", "0", 1});
        answer(gateway, status);
        const PushReport report = next_report(pusher);
        CHECK(report.successes == (is_success ? 1 : 0));
        CHECK(report.failures == (is_success ? 0 : 1));
        CHECK(report.problem.empty() == is_success);
        if (!is_success) {
            CHECK(report.problem == "127.0.0.1:" + gateway.target().port + " answers " + status);
        }
    }
}

TEST_CASE("a gateway that takes pushes again leaves no problem behind") {
    auto gateway = std::make_unique<SilentGateway>();
    gateway->listen();
    Pusher pusher(gateway->target(), "/nowhere", {"0", "0", 1}, std::chrono::milliseconds(1));
    answer(*gateway, "500");
    CHECK_FALSE(next_report(pusher).problem.empty());
    answer(*gateway, "200");
    CHECK(next_report(pusher).problem.empty());
    gateway.reset();  // refuses the push that waits by now, so that the pusher's end need not wait
}

TEST_CASE("each machine has a group of its own at the gateway") {
    const SilentGateway gateway;
    gateway.listen();
    const Pusher pusher(gateway.target(), "/nowhere", {"0", "0", 1});
    char host[256] = {};
    REQUIRE(::gethostname(host, sizeof host - 1) == 0);
    CHECK(answer(gateway, "200") ==
          "POST /metrics/job/appcore/instance/" + std::string(host) + " HTTP/1.1");
}

TEST_CASE("a gateway that says nothing does not keep the program from ending") {
    const SilentGateway gateway;
    gateway.listen();
    auto pusher = std::make_unique<Pusher>(gateway.target(), "/nowhere", PoolFacts{"0", "0", 1});
    const system::FileDescriptor connection = gateway.accept();  // now it waits for an answer
    CHECK(connection.is_open());
    pusher.reset();
}
