#include "appcore/service.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>

#include "allocations.hpp"
#include "appcore/api/routes.hpp"
#include "appcore/fcgi/connection.hpp"
#include "appcore/models/mean_model.hpp"
#include "catch.hpp"
#include "fcgi/wire.hpp"
#include "monitoring/slot_fixture.hpp"

using namespace appcore;  // NOLINT(google-build-using-namespace)

TEST_CASE("a prediction allocates nothing once a worker is warm") {
    const slot_fixture::TemporaryDirectory directory;
    const system::SystemClock clock;
    system::RandomIds ids;
    const models::MeanModel model;
    const auto log = monitoring::Log::open(directory / "log", spdlog::level::info, "blue-01");
    monitoring::Recorder recorder({directory / "", "blue-01", "v1.0", getpid(), clock.wall()});
    guard::RequestInHand hand;
    Service service(api::worker_routes(model, clock, ids), {clock, ids, recorder, *log, hand}, {});
    REQUIRE(fcgi::Connection::initialize());

    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
    const system::FileDescriptor peer(ends[0]);
    fcgi::Connection connection(system::FileDescriptor(ends[1]), std::chrono::seconds(10));
    fcgi::Buffers buffers;
    const std::string body = R"({"features":[1.0,-2.5,3e2]})";
    const std::string request = wire::request({{"REQUEST_METHOD", "POST"},
                                               {"REQUEST_URI", "/predict"},
                                               {"CONTENT_LENGTH", std::to_string(body.size())},
                                               {"REMOTE_ADDR", "127.0.0.1"},
                                               {"HTTP_HOST", "localhost"},
                                               {"HTTP_CONTENT_TYPE", "application/json"}},
                                              body, true);
    std::array<char, 8192> reply{};
    ssize_t size = 0;
    const auto ask = [&] {
        if (::write(peer.get(), request.data(), request.size()) < 0) return;
        connection.serve(service, buffers, {.max_body = 1 << 20});
        service.between_requests();
        size = ::read(peer.get(), reply.data(), reply.size());
    };
    service.between_requests();
    for (int i = 0; i < 3; ++i) ask();

    // libfcgi's streams and parameters, which it takes by malloc(), are not counted.
    const allocations::Counter counter;
    for (int i = 0; i < 100; ++i) ask();
    const int count = allocations::Counter::count();
    REQUIRE(size > 0);
    CHECK(std::string(reply.data(), static_cast<std::size_t>(size)).find("Status: 201") !=
          std::string::npos);
    CHECK(count == 0);
}
