#include "appcore/service.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "allocations.hpp"
#include "appcore/api/routes.hpp"
#include "appcore/fcgi/connection.hpp"
#include "appcore/models/mean_model.hpp"
#include "catch.hpp"
#include "fcgi/wire.hpp"
#include "store/slot_fixture.hpp"

using namespace appcore;  // NOLINT(google-build-using-namespace)

TEST_CASE("a prediction allocates nothing once a worker is warm") {
    const slot_fixture::TemporaryDirectory directory;
    const system::SystemClock clock;
    system::RandomIds ids;
    const models::MeanModel model;
    const auto opened = log::Log::open(directory / "log", spdlog::level::info, "blue-01");
    REQUIRE(opened.ok());
    log::Log& log = *opened.value();
    store::Recorder recorder({directory / "", "blue-01", "v1.0", getpid(), clock.wall()});
    guard::RequestInHand hand;
    Service service(api::worker_routes(model, clock, ids), {clock, ids, recorder, log, hand}, {});
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

namespace {

// A worker without its loop, and the web server's end of its connection.
class Worker {
  public:
    explicit Worker(const slot_fixture::TemporaryDirectory& directory)
        : directory_(directory.path()),
          log_(log::Log::open(directory / "log", spdlog::level::info, "blue-01").value()),
          recorder_({directory.path(), "blue-01", "v1.0", getpid(), clock_.wall()}),
          service_(api::worker_routes(model_, clock_, ids_),
                   {clock_, ids_, recorder_, *log_, hand_}, {}) {
        service_.between_requests();
    }

    // A request up to its commit; what follows is for request_done().
    void ask(std::string_view key = {}, bool is_retry = false) {
        http::Request request;
        request.method = http::Method::get;
        request.method_name = "GET";
        request.target = "/health";
        request.key = key;
        request.is_retry = is_retry;
        service_.request_arrives(kConnection);
        http::Response response;
        service_.handle(request, response);
        service_.commit();
    }
    [[nodiscard]] store::Word counted() const {
        const auto totals = slot_fixture::totals_of(directory_, "blue-01");
        return slot_fixture::health_checks(totals);
    }
    // All of the log; nothing is written after that.
    [[nodiscard]] std::size_t lines() {
        log_->finish();
        const std::string log = slot_fixture::read_file(directory_ + "/log");
        return static_cast<std::size_t>(std::ranges::count(log, '\n'));
    }
    Service& service() { return service_; }
    static constexpr int kConnection = 7;

  private:
    std::string directory_;
    system::SystemClock clock_;
    system::RandomIds ids_;
    models::MeanModel model_;
    std::unique_ptr<log::Log> log_;
    store::Recorder recorder_;
    guard::RequestInHand hand_;
    Service service_;
};

}  // namespace

TEST_CASE("a request is counted before its reply leaves, and its line is written after that") {
    const slot_fixture::TemporaryDirectory directory;
    Worker worker(directory);
    worker.ask();
    CHECK(worker.counted() == 1);
    worker.service().request_done(fcgi::Delivery::whole);
    CHECK(worker.counted() == 1);
    CHECK(worker.lines() == 1);
}

TEST_CASE("a reply that nobody takes is neither counted nor logged") {
    const slot_fixture::TemporaryDirectory directory;
    Worker worker(directory);
    worker.ask();
    worker.service().request_done(fcgi::Delivery::refused);
    CHECK(worker.counted() == 0);
    CHECK(worker.lines() == 0);
}

TEST_CASE("a reply of which something has been taken is counted") {
    const slot_fixture::TemporaryDirectory directory;
    Worker worker(directory);
    worker.ask();
    worker.service().request_done(fcgi::Delivery::partial);
    CHECK(worker.counted() == 1);
    CHECK(worker.lines() == 1);
}

TEST_CASE("a reply that is not read is taken back, once, and the one before it is not") {
    const slot_fixture::TemporaryDirectory directory;
    Worker worker(directory);
    for (int i = 0; i < 3; ++i) {
        worker.ask();
        worker.service().request_done(fcgi::Delivery::whole);
    }
    worker.service().reply_lost(Worker::kConnection);
    CHECK(worker.counted() == 2);
    worker.service().reply_lost(Worker::kConnection);
    worker.service().reply_lost(Worker::kConnection + 1);
    CHECK(worker.counted() == 2);
    // The next request on a descriptor of the same number is another connection's.
    worker.service().request_arrives(Worker::kConnection);
    worker.service().request_done(fcgi::Delivery::none);
    worker.service().reply_lost(Worker::kConnection);
    CHECK(worker.counted() == 2);
}

TEST_CASE("a second try of what a dead process has counted is answered, not counted again") {
    const slot_fixture::TemporaryDirectory directory;
    {
        store::Recorder dead({directory.path(), "blue-02", "v1.0", 1, {}});
        REQUIRE_FALSE(dead.maintain(slot_fixture::noon));
        auto record = slot_fixture::health_check();
        record.key = store::request_key("key-1");
        dead.record_request(record);
    }
    Worker worker(directory);
    worker.ask("key-1", true);
    worker.service().request_done(fcgi::Delivery::whole);
    CHECK(worker.counted() == 0);
    worker.ask("key-2", true);
    worker.service().request_done(fcgi::Delivery::whole);
    CHECK(worker.counted() == 1);
    CHECK(worker.lines() == 1);
}
