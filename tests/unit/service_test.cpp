#include "appcore/service.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <sstream>
#include <string>

#include "allocations.hpp"
#include "appcore/api/routes.hpp"
#include "appcore/fcgi/connection.hpp"
#include "appcore/models/mean_model.hpp"
#include "catch.hpp"
#include "fakes.hpp"
#include "faults.hpp"
#include "fcgi/wire.hpp"
#include "store/slot_fixture.hpp"

using namespace appcore;  // NOLINT(google-build-using-namespace)

namespace {

const char* const kTraceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

}  // namespace

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
                                               {"HTTP_CONTENT_TYPE", "application/json"},
                                               {"HTTP_TRACEPARENT", kTraceparent}},
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
    // It has no place yet: between_requests() takes that.
    explicit Worker(const slot_fixture::TemporaryDirectory& directory)
        : directory_(directory.path()),
          log_(log::Log::open(directory / "log", spdlog::level::info, "blue-01").value()),
          recorder_({directory.path(), "blue-01", "v1.0", getpid(), clock_.wall()}),
          service_(api::worker_routes(model_, clock_, ids_),
                   {clock_, ids_, recorder_, *log_, hand_}, {}) {}

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
    // Those of requests alone.
    [[nodiscard]] int requests_in_log() {
        log_->finish();
        std::istringstream log(slot_fixture::read_file(directory_ + "/log"));
        int count = 0;
        for (std::string line; std::getline(log, line);)
            count += static_cast<int>(line.find("status_code") != std::string::npos);
        return count;
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
    worker.service().between_requests();
    worker.ask();
    CHECK(worker.counted() == 1);
    worker.service().request_done(fcgi::Delivery::whole);
    CHECK(worker.counted() == 1);
    CHECK(worker.lines() == 1);
}

TEST_CASE("whatever the system refuses a worker at its start, its predecessor's line is written") {
    faults::fail_each_call(faults::Kind::lasting, [](const faults::Injection& fault) {
        const slot_fixture::TemporaryDirectory directory;
        {
            Worker killed(directory);
            killed.service().between_requests();
            killed.ask();
        }
        bool served = false;
        {
            Worker next(directory);
            fault.during([&] { served = static_cast<bool>(next.service().begin()); });
            INFO(fault.describe());
            if (fault.describe().starts_with("mmap")) REQUIRE(!served);
            if (served) {
                next.ask();
                next.service().request_done(fcgi::Delivery::whole);
            }
        }
        Worker last(directory);
        last.service().between_requests();
        INFO(fault.describe());
        REQUIRE(last.requests_in_log() == (served ? 2 : 1));
    });
}

TEST_CASE("a reply that nobody takes is neither counted nor logged") {
    const slot_fixture::TemporaryDirectory directory;
    Worker worker(directory);
    worker.service().between_requests();
    worker.ask();
    worker.service().request_done(fcgi::Delivery::refused);
    CHECK(worker.counted() == 0);
    CHECK(worker.lines() == 0);
}

TEST_CASE("a reply of which something has been taken is counted") {
    const slot_fixture::TemporaryDirectory directory;
    Worker worker(directory);
    worker.service().between_requests();
    worker.ask();
    worker.service().request_done(fcgi::Delivery::partial);
    CHECK(worker.counted() == 1);
    CHECK(worker.lines() == 1);
}

TEST_CASE("a reply that is not read is taken back, once, and the one before it is not") {
    const slot_fixture::TemporaryDirectory directory;
    Worker worker(directory);
    worker.service().between_requests();
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
        REQUIRE_FALSE(dead.maintain(slot_fixture::kNoon));
        auto record = slot_fixture::health_check();
        record.key = store::request_key("key-1");
        dead.record_request(record);
    }
    Worker worker(directory);
    worker.service().between_requests();
    worker.ask("key-1", true);
    worker.service().request_done(fcgi::Delivery::whole);
    CHECK(worker.counted() == 0);
    worker.ask("key-2", true);
    worker.service().request_done(fcgi::Delivery::whole);
    CHECK(worker.counted() == 1);
    CHECK(worker.lines() == 1);
}

namespace {

// A service that answers /health, as worker or as what answers for nginx, by a clock that is told.
struct Timed {
    slot_fixture::TemporaryDirectory directory;
    fakes::Clock clock;
    fakes::Ids ids;
    models::MeanModel model;
    std::unique_ptr<log::Log> log =
        log::Log::open(directory / "log", spdlog::level::info, "blue-01").value();
    store::Recorder recorder{{directory.path(), "blue-01", "v1.0", getpid(), clock.wall()}};
    guard::RequestInHand hand;
    Service service{api::worker_routes(model, clock, ids),
                    {clock, ids, recorder, *log, hand},
                    {.request_timeout = std::chrono::seconds(30)}};

    // A ring's new file cannot be made while a directory has its name.
    explicit Timed(bool lacks_ring = false) {
        if (lacks_ring) std::filesystem::create_directory(directory / kNewRing);
        service.between_requests();
    }
    static constexpr const char* kNewRing = "blue-01.log-new";
    void pass(std::chrono::nanoseconds time) {
        clock.steady_now += time;
        clock.wall_now += std::chrono::duration_cast<std::chrono::microseconds>(time);
    }
    [[nodiscard]] std::string key() const {
        const auto now = std::chrono::floor<std::chrono::milliseconds>(clock.wall());
        const auto count = now.time_since_epoch().count();
        const std::string digits = std::to_string(count % 1000 + 1000).substr(1);
        return std::to_string(count / 1000) + "." + digits + "-1-2-3";
    }
    // A request of that name, which is read for so long.
    void serve(std::string_view key, std::chrono::nanoseconds reading = {}, int error_status = 0,
               std::optional<std::string_view> traceparent = {}) {
        http::Request request;
        request.method = http::Method::get;
        request.method_name = "GET";
        request.target = "/health";
        request.key = key;
        request.error_status = error_status;
        request.headers[static_cast<std::size_t>(http::Header::traceparent)] = traceparent;
        service.request_arrives(1);
        pass(reading);
        http::Response response;
        service.handle(request, response);
        service.commit();
        service.request_done(fcgi::Delivery::whole);
    }
    [[nodiscard]] std::vector<store::Exemplar> exemplars() const {
        return store::read_exemplars(slot_fixture::read(directory.path(), "blue-01").image);
    }
    [[nodiscard]] store::WaitCell waits() const {
        return slot_fixture::totals_of(directory.path(), "blue-01").waits[0];
    }
    [[nodiscard]] store::Word dropped_lines() const {
        return slot_fixture::event(slot_fixture::totals_of(directory.path(), "blue-01"),
                                   store::metric::Event::log_line_dropped);
    }
    [[nodiscard]] store::Word last_activity() const {
        constexpr std::size_t kBytes = offsetof(store::WorkerWords, last_activity_ns);
        return slot_fixture::read(directory.path(), "blue-01")
            .image.worker(kBytes / sizeof(store::Word));
    }
    [[nodiscard]] store::Word duration() const {
        return slot_fixture::totals_of(directory.path(), "blue-01").cell(0, 0).sum_ns;
    }
};

}  // namespace

TEST_CASE("a request's waiting ends where its duration begins, with its first byte at the worker") {
    Timed t;
    t.clock.wall_now = system::WallTime{std::chrono::seconds(1'795'421'208)};
    const std::string key = t.key();
    t.pass(std::chrono::milliseconds(5500));
    t.serve(key, std::chrono::milliseconds(70));
    CHECK(t.waits().wait.sum_ns == 5'500'000'000);
    CHECK(t.duration() == 70'000'000);
    CHECK(t.waits().latency.sum_ns == 5'570'000'000);
    t.log->finish();
    const std::string line = slot_fixture::read_file(t.directory / "log");
    CHECK(line.find(R"("duration_ms":70.000,"wait_ms":5500.000,)") != std::string::npos);
}

TEST_CASE("the duration of a request ends when its action has") {
    const slot_fixture::TemporaryDirectory directory;
    fakes::Clock clock;
    fakes::Ids ids;
    const auto log = log::Log::open(directory / "log", spdlog::level::info, "blue-01").value();
    store::Recorder recorder({directory.path(), "blue-01", "v1.0", getpid(), clock.wall()});
    guard::RequestInHand hand;
    Service service({{http::Endpoint::health,
                      [&clock](const http::Request&, http::Response& response, api::Outcome&) {
                          clock.steady_now += std::chrono::milliseconds(7);
                          response.set(200, http::kJson, "{}");
                      }}},
                    {clock, ids, recorder, *log, hand}, {});
    service.between_requests();
    http::Request request;
    request.method = http::Method::get;
    request.target = "/health";
    http::Response response;
    service.request_arrives(1);
    clock.steady_now += std::chrono::milliseconds(30);
    service.handle(request, response);
    service.commit();
    const auto totals = slot_fixture::totals_of(directory.path(), "blue-01");
    CHECK(totals.cell(0, 0).sum_ns == 37'000'000);
}

TEST_CASE("a connection that is closed without a request is not activity") {
    Timed t;
    t.serve("");
    const store::Word before = t.last_activity();
    CHECK(before == 1'000'000'000'000);
    t.pass(std::chrono::seconds(5));
    t.service.request_arrives(1);
    t.service.request_done(fcgi::Delivery::none);
    CHECK(t.last_activity() == before);
}

TEST_CASE("log lines that find no room are counted once, and those of a process's end, too") {
    Timed t;
    const std::string too_long(log::kRingCapacity, 'x');
    t.log->info(too_long);
    t.service.between_requests();
    t.service.between_requests();
    CHECK(t.dropped_lines() == 1);
    t.log->info(too_long);
    t.service.end(too_long);
    CHECK(t.dropped_lines() == 3);
}

TEST_CASE("at its end a process takes its counts to a slot whose file has been removed") {
    Timed t;
    std::filesystem::remove(t.directory / "blue-01.slot");
    t.serve("");
    t.service.end("stopped");
    CHECK(slot_fixture::health_checks(slot_fixture::totals_of(t.directory.path(), "blue-01")) == 1);
}

TEST_CASE("a ring for log lines that could not be had is tried again after a minute") {
    Timed t(true);
    const std::string ring = t.directory / "blue-01.log-ring";
    std::filesystem::remove(t.directory / Timed::kNewRing);
    t.pass(std::chrono::seconds(59));
    t.service.between_requests();
    CHECK_FALSE(std::filesystem::exists(ring));
    t.pass(std::chrono::seconds(1));
    t.service.between_requests();
    CHECK(std::filesystem::exists(ring));
    CHECK(t.recorder.log_mark().identity == t.log->ring_identity());
}

TEST_CASE("a process that has lost its slot leaves the ring to the next holder") {
    Timed t(true);
    for (const char* const file : {Timed::kNewRing, "blue-01.slot", "blue-01.lock"}) {
        REQUIRE(std::filesystem::remove(t.directory / file));
    }
    store::Recorder next({t.directory.path(), "blue-01", "v1.0", 1, {}});
    REQUIRE_FALSE(next.maintain(slot_fixture::kNoon));
    const auto taken =
        log::take_ring(t.directory.path(), "blue-01", next.log_mark(), next.lock()).value();
    t.pass(std::chrono::minutes(1));
    t.service.between_requests();
    CHECK_FALSE(t.recorder.is_attached());
    CHECK(t.log->ring_identity() != taken.ring->identity());
}

TEST_CASE("a request that nobody has stamped has waited for no known time") {
    Timed t;
    t.serve("", std::chrono::milliseconds(70));
    CHECK(t.waits().wait.buckets == store::Buckets{});
    CHECK(t.waits().latency.sum_ns == 70'000'000);
}

TEST_CASE("a wall clock that is set makes no waiting negative or absurd") {
    const auto step = GENERATE(std::chrono::seconds(-600), std::chrono::seconds(600));
    Timed t;
    t.clock.wall_now = system::WallTime{std::chrono::seconds(1'795'421'208)};
    t.serve(t.key());
    const std::string key = t.key();
    t.pass(std::chrono::milliseconds(100));
    t.clock.wall_now += step;
    t.pass(std::chrono::milliseconds(200));
    t.serve(key);
    CHECK(t.waits().wait.sum_ns == 300'000'000);
    CHECK(t.waits().wait.buckets == slot_fixture::buckets({{std::chrono::milliseconds(0), 1},
                                                           {std::chrono::milliseconds(300), 1}}));
}

TEST_CASE("a request that hung has the time that it hung, and has waited for the rest") {
    Timed t;
    t.clock.wall_now = system::WallTime{std::chrono::seconds(1'795'421'208)};
    const std::string key = t.key();
    t.pass(std::chrono::seconds(42));
    t.serve(key, {}, 504);
    CHECK(t.duration() == 30'000'000'000);
    CHECK(t.waits().wait.sum_ns == 12'000'000'000);
}

TEST_CASE("a request that was refused has waited until then") {
    Timed t;
    t.clock.wall_now = system::WallTime{std::chrono::seconds(1'795'421'208)};
    const std::string key = t.key();
    t.pass(std::chrono::milliseconds(400));
    t.serve(key, {}, 503);
    CHECK(t.duration() == 0);
    CHECK(t.waits().wait.sum_ns == 400'000'000);
}

TEST_CASE("a request of a trace has its ids in the log, and an exemplar if the trace is sampled") {
    const auto [traceparent, has_ids, is_sampled] = GENERATE(
        std::tuple{kTraceparent, true, true},
        std::tuple{"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", true, false},
        std::tuple{"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false, false});
    // By a worker, and in nginx's place.
    const int error_status = GENERATE(0, 503);
    Timed t;
    t.serve(t.key(), std::chrono::milliseconds(70), error_status, traceparent);
    t.log->finish();
    const std::string line = slot_fixture::read_file(t.directory / "log");
    const std::string flags = is_sampled ? "01" : "00";
    CHECK(
        (line.find(R"("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7",)"
                   R"("trace_flags":")" +
                   flags + '"') != std::string::npos) == has_ids);
    CHECK((line.find("trace_id") != std::string::npos) == has_ids);
    const auto exemplars = t.exemplars();
    REQUIRE(exemplars.size() == (is_sampled ? 1 : 0));
    if (!is_sampled) return;
    CHECK(exemplars.front().trace.text() == "4bf92f3577b34da6a3ce929d0e0e4736");
    CHECK(exemplars.front().duration == std::chrono::milliseconds(70));
    CHECK(exemplars.front().time == t.clock.wall_now);
}
