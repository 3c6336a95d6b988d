// A worker whose memory runs out, at any allocation of a request.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "allocations.hpp"
#include "appcore/api/routes.hpp"
#include "appcore/fcgi/connection.hpp"
#include "appcore/guard/sanitizer.hpp"
#include "appcore/models/mean_model.hpp"
#include "appcore/service.hpp"
#include "catch.hpp"
#include "fcgi/wire.hpp"
#include "store/slot_fixture.hpp"

using namespace appcore;  // NOLINT(google-build-using-namespace)
using fcgi::Connection;

namespace {

const std::string kLargeBody = [] {
    std::string body = R"({"features":[1)";
    for (int i = 0; i < 20'000; ++i) body.append(",-123.456");
    return body.append("]}");
}();

struct Answer {
    std::string status;  // "" if there was none
    bool is_kept = false;
};

Answer ask(Service& service, const std::string& body, int failing_call) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
    const system::FileDescriptor peer(ends[0]);
    const int large = 1 << 20;
    ::setsockopt(peer.get(), SOL_SOCKET, SO_SNDBUF, &large, sizeof large);
    Connection connection(system::FileDescriptor(ends[1]), std::chrono::seconds(10));
    fcgi::Buffers buffers;
    const std::string length = std::to_string(body.size());
    const std::string request = wire::request({{"REQUEST_METHOD", "POST"},
                                               {"REQUEST_URI", "/predict"},
                                               {"CONTENT_LENGTH", length},
                                               {"HTTP_CONTENT_TYPE", "application/json"}},
                                              body, true);
    REQUIRE(::send(peer.get(), request.data(), request.size(), 0) ==
            static_cast<ssize_t>(request.size()));
    Answer answer;
    {
        const allocations::Failure failure(failing_call);
        answer.is_kept =
            connection.serve(service, buffers, {.max_body = 1 << 20}) == Connection::After::kept;
    }
    std::string reply(8192, ' ');
    const ssize_t size = ::recv(peer.get(), reply.data(), reply.size(), MSG_DONTWAIT);
    if (size > 0) {
        answer.status =
            wire::reply(std::string_view(reply).substr(0, static_cast<std::size_t>(size)))
                .substr(8, 3);
    }
    return answer;
}

store::Word count_of(const std::string& directory, int status) {
    return slot_fixture::count(slot_fixture::totals_of(directory, "blue-01"), http::Method::post,
                               http::Endpoint::predict, status);
}

}  // namespace

TEST_CASE(
    "whatever allocation fails, a request is answered and counted, or neither, and the worker goes "
    "on") {
    if (guard::kHasSanitizer) return;  // which has its own operator new
    REQUIRE(Connection::initialize());
    const std::string body = GENERATE(std::string(R"({"features":[1,2,4]})"), kLargeBody);
    const slot_fixture::TemporaryDirectory directory;
    const system::SystemClock clock;
    system::RandomIds ids;
    const models::MeanModel model;
    const auto log = log::Log::open(directory / "log", spdlog::level::info, "blue-01");
    REQUIRE(log.ok());
    store::Recorder recorder({directory.path(), "blue-01", "v1.0", getpid(), clock.wall()});
    guard::RequestInHand hand;
    Service service(api::worker_routes(model, clock, ids),
                    {clock, ids, recorder, *log.value(), hand}, {});
    service.between_requests();

    int refused = 0;
    int answered = 0;
    for (int call = 1;; ++call) {
        const auto good = count_of(directory.path(), 201);
        const auto bad = count_of(directory.path(), 503);
        const Answer answer = ask(service, body, call);
        INFO("call " << call);
        // Without a reply the web server asks another process.
        REQUIRE((answer.status == "201" || answer.status == "503" || answer.status.empty()));
        REQUIRE(answer.is_kept == !answer.status.empty());
        answered += answer.status.empty() ? 0 : 1;
        refused += answer.status == "503" ? 1 : 0;
        REQUIRE(count_of(directory.path(), 201) - good == (answer.status == "201" ? 1 : 0));
        REQUIRE(count_of(directory.path(), 503) - bad == (answer.status == "503" ? 1 : 0));
        // As much memory as it needs, and it is as before.
        REQUIRE(ask(service, body, 0).status == "201");
        ++answered;
        if (answer.status == "201") break;
    }
    CHECK(refused > 0);
    log.value()->finish();
    const std::string lines = slot_fixture::read_file(directory / "log");
    const auto requests = [&lines](std::string_view what) {
        int found = 0;
        for (std::size_t at = 0; (at = lines.find(what, at)) != std::string::npos; ++at) ++found;
        return found;
    };
    CHECK(requests("\"status_code\":") == answered);
    CHECK(requests("a request failed: no memory") == refused);
}
