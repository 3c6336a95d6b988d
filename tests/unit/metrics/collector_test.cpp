#include "appcore/metrics/collector.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appcore/store/slot_file.hpp"
#include "appcore/system/listen_queue.hpp"
#include "store/slot_fixture.hpp"

using namespace appcore::metrics;  // NOLINT(google-build-using-namespace)
using namespace slot_fixture;      // NOLINT(google-build-using-namespace)

namespace {

Word sum(const auto& words) {
    Word result = 0;
    for (const Word word : words) result += word;
    return result;
}

// Has a worker record `requests` health checks and die.
void leave_slot(const std::string& directory, const std::string& name, int requests) {
    Recorder recorder(options(directory, name));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    for (int i = 0; i < requests; ++i) recorder.record_request(health_check());
}

// A listening socket in the place of this process's standard input, as workers have it.
class ListeningInput {
  public:
    ListeningInput() {
        const system::FileDescriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        auto* const name = reinterpret_cast<sockaddr*>(&address);
        REQUIRE(::bind(listener.get(), name, sizeof(sa_family_t)) == 0);
        REQUIRE(::listen(listener.get(), 10) == 0);
        REQUIRE(::dup2(listener.get(), STDIN_FILENO) == STDIN_FILENO);
    }
    ListeningInput(const ListeningInput&) = delete;
    ListeningInput& operator=(const ListeningInput&) = delete;
    ~ListeningInput() {
        ::close(STDIN_FILENO);
        if (before_.is_open()) ::dup2(before_.get(), STDIN_FILENO);
    }

  private:
    system::FileDescriptor before_{::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)};
};

}  // namespace

TEST_CASE("the pool's counts are the sums of all slots, of living workers and dead ones") {
    const TemporaryDirectory directory;
    leave_slot(directory.path(), "worker-01", 3);
    Recorder living(options(directory.path(), "worker-02"));
    REQUIRE_FALSE(living.maintain(kNoon));
    living.record_request(health_check());
    living.record_request(prediction());
    living.begin_request(system::SteadyTime{8s});

    Collector collector(directory.path());
    const PoolSnapshot pool = collector.collect();
    CHECK(pool.problems.empty());
    CHECK(health_checks(pool.totals) == 4);
    CHECK(count(pool.totals, http::Method::post, http::Endpoint::predict, 201) == 1);
    REQUIRE(pool.workers.size() == 2);
    CHECK(pool.workers[0].name == "worker-01");
    CHECK_FALSE(pool.workers[0].is_alive);
    CHECK(pool.workers[0].requests == 3);
    CHECK(pool.workers[1].name == "worker-02");
    CHECK(pool.workers[1].is_alive);
    CHECK(pool.workers[1].pid == ::getpid());
    CHECK(pool.workers[1].started == system::WallTime{1'700'000'000s});
    CHECK(pool.workers[1].starts == 1);
    CHECK(pool.workers[1].requests == 2);
    CHECK(pool.workers[1].busy_since == system::SteadyTime{8s});
    CHECK_FALSE(pool.workers[1].last_activity);
}

TEST_CASE("a worker that leaves in good order is told from one that is killed") {
    const TemporaryDirectory directory;
    leave_slot(directory.path(), "blue-01", 1);
    {
        Recorder leaving(options(directory.path(), "blue-02"));
        REQUIRE_FALSE(leaving.maintain(kNoon));
        leaving.record_request(health_check());
        leaving.mark_departed();
        // Its process continues for some microseconds.
        CHECK_FALSE(Collector(directory.path()).collect().workers.at(1).is_alive);
    }
    const PoolSnapshot pool = Collector(directory.path()).collect();
    CHECK_FALSE(pool.workers.at(0).has_departed);
    CHECK(pool.workers.at(1).has_departed);
    CHECK(health_checks(pool.totals) == 2);

    const Recorder next(options(directory.path(), "blue-02"));
    CHECK(Collector(directory.path()).collect().workers.at(1).has_departed);  // not attached yet
    Recorder attached(options(directory.path(), "blue-02"));
    REQUIRE_FALSE(attached.maintain(kNoon));
    CHECK_FALSE(Collector(directory.path()).collect().workers.at(1).has_departed);
}

TEST_CASE("the queue is that of living workers, whoever has departed before them") {
    const ListeningInput input;
    if (!system::listen_queue(::getpid())) {
        WARN("SKIP: this kernel does not tell (no unix_diag)");
        return;
    }
    const TemporaryDirectory directory;
    {
        Recorder leaving(options(directory.path(), "blue-01"));
        REQUIRE_FALSE(leaving.maintain(kNoon));
        leaving.mark_departed();
    }
    Recorder living(options(directory.path(), "green-01"));
    REQUIRE_FALSE(living.maintain(kNoon));
    const PoolSnapshot pool = Collector(directory.path()).collect();
    CHECK(pool.queue_length == 0U);
    CHECK(pool.requests_waiting == 0U);
}

TEST_CASE("a worker says how many its pool should have") {
    const TemporaryDirectory directory;
    RecorderOptions of_eight = options(directory.path(), "blue-01");
    of_eight.pool_size = 8;
    Recorder recorder(of_eight);
    REQUIRE_FALSE(recorder.maintain(kNoon));
    CHECK(Collector(directory.path()).collect().size == 8U);
    leave_slot(directory.path(), "green-01", 1);
    CHECK(Collector(directory.path()).collect().size == 8U);
}

TEST_CASE("a worker says which model it predicts with, also the next one at its place") {
    const TemporaryDirectory directory;
    const auto model_of = [&directory] {
        return Collector(directory.path()).collect().workers.at(0).model;
    };
    // What was counted before the slot was there makes a new file, in which others come first.
    for (const bool counts_before : {false, true}) {
        for (const std::string version : {"churn-1", "churn-2", "churn-1"}) {
            RecorderOptions of_model = options(directory.path(), "blue-01");
            of_model.model_version = version;
            Recorder recorder(of_model);
            if (counts_before) recorder.record_request(prediction());
            REQUIRE_FALSE(recorder.maintain(kNoon));
            CHECK(model_of() == version);
        }
    }
}

TEST_CASE("a worker says which model it predicts with, also where that counts as other") {
    const TemporaryDirectory directory;
    fill_models(directory.path(), "v1", "v");
    for (const bool counts_before : {false, true}) {
        Recorder recorder(with_model(directory.path(), "late"));
        if (counts_before) recorder.record_request(prediction());
        REQUIRE_FALSE(recorder.maintain(kNoon));
        CHECK(Collector(directory.path()).collect().workers.at(0).model == "late");
    }
}

TEST_CASE("a worker's errors are its replies that begin with a 5") {
    const TemporaryDirectory directory;
    Recorder recorder(options(directory.path()));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    for (const int status : {200, 431, 500, 503}) {
        recorder.record_request(
            {http::Method::get, http::Endpoint::health, status, 1ms, std::nullopt, {}});
    }
    CHECK(Collector(directory.path()).collect().workers.at(0).errors == 2);
}

TEST_CASE("the next holder of a slot says when it has started and how large its pool is") {
    const TemporaryDirectory directory;
    leave_slot(directory.path(), "blue-01", 1);
    RecorderOptions next = options(directory.path(), "blue-01");
    next.started = system::WallTime{1'700'000'005s};
    next.pool_size = 7;
    Recorder recorder(next);
    REQUIRE_FALSE(recorder.maintain(kNoon));
    const PoolSnapshot pool = Collector(directory.path()).collect();
    CHECK(pool.size == 7U);
    CHECK(pool.workers.at(0).pid == ::getpid());
    CHECK(pool.workers.at(0).started == system::WallTime{1'700'000'005s});
    CHECK(pool.workers.at(0).starts == 2);
}

TEST_CASE("the next holder of a slot is not alive before it has written itself into it") {
    const TemporaryDirectory directory;
    const pid_t before = ::fork();
    if (before == 0) {
        Recorder recorder(options(directory.path()));
        recorder.set_health(true);
        ::_exit(recorder.maintain(kNoon) ? 1 : 0);
    }
    Collector collector(directory.path());
    const auto is_alive = [&collector] { return collector.collect().workers.at(0).is_alive; };
    siginfo_t ended{};
    REQUIRE(::waitid(P_PID, static_cast<id_t>(before), &ended, WEXITED | WNOWAIT) == 0);
    REQUIRE(ended.si_status == 0);
    const auto state = store::open_state_directory(directory.path());
    REQUIRE(state);
    const auto lock = store::lock_slot(state.value().get(), "worker-01");
    REQUIRE(lock);
    CHECK_FALSE(is_alive());  // a zombie
    REQUIRE(::waitpid(before, nullptr, 0) == before);
    CHECK_FALSE(is_alive());
    CHECK_FALSE(is_pool_healthy(collector.collect()));
}

TEST_CASE("a worker that died in a request is not busy") {
    const TemporaryDirectory directory;
    {
        Recorder recorder(options(directory.path()));
        REQUIRE_FALSE(recorder.maintain(kNoon));
        recorder.end_request(system::SteadyTime{7s});
        recorder.begin_request(system::SteadyTime{8s});
    }
    Collector collector(directory.path());
    const PoolSnapshot pool = collector.collect();
    REQUIRE(pool.workers.size() == 1);
    CHECK_FALSE(pool.workers[0].busy_since);
    CHECK(pool.workers[0].last_activity == system::SteadyTime{7s});
}

TEST_CASE("the pool is healthy when a living worker says so and none says the opposite") {
    const TemporaryDirectory directory;
    Collector collector(directory.path());
    const auto is_healthy = [&collector] { return is_pool_healthy(collector.collect()); };
    CHECK_FALSE(is_healthy());
    {
        Recorder first(options(directory.path(), "worker-01"));
        REQUIRE_FALSE(first.maintain(kNoon));
        CHECK_FALSE(is_healthy());  // it has said nothing yet
        first.set_health(true);
        CHECK(is_healthy());
        {
            Recorder second(options(directory.path(), "worker-02"));
            REQUIRE_FALSE(second.maintain(kNoon));
            CHECK(is_healthy());
            second.set_health(false);
            CHECK_FALSE(is_healthy());
        }
        CHECK(is_healthy());  // the dead are not asked
    }
    CHECK_FALSE(is_healthy());
}

TEST_CASE("a slot that is damaged, set aside or gone does not take its counts with it") {
    const TemporaryDirectory directory;
    const std::string path = directory / "worker-01.slot";
    leave_slot(directory.path(), "worker-01", 5);
    Collector collector(directory.path());
    REQUIRE(health_checks(collector.collect().totals) == 5);

    write_file(path, "noise");
    PoolSnapshot pool = collector.collect();
    CHECK(health_checks(pool.totals) == 5);
    CHECK(pool.problems == std::vector<std::string>{"worker-01.slot: not a slot"});
    CHECK(pool.workers.empty());

    RecorderOptions successor = options(directory.path(), "worker-01", 101);
    {
        Recorder recorder(successor);
        REQUIRE_FALSE(recorder.maintain(kNoon));
        recorder.record_request(health_check());
    }
    pool = collector.collect();
    CHECK(health_checks(pool.totals) == 6);
    CHECK(pool.workers.at(0).requests == 6);
    CHECK(event(pool.totals, metric::Event::damaged_set_aside) == 1);

    std::filesystem::remove(path);
    CHECK(health_checks(collector.collect().totals) == 6);
    std::filesystem::remove_all(directory.path());
    pool = collector.collect();
    CHECK(health_checks(pool.totals) == 6);
    CHECK(pool.problems.size() == 1);
}

TEST_CASE("impossible numbers are not added") {
    const TemporaryDirectory directory;
    leave_slot(directory.path(), "worker-01", 5);
    const std::string path = directory / "worker-01.slot";
    std::string bytes = read_file(path);
    bytes[offsetof(Slot, requests) + 8] ^= 8;
    write_file(path, bytes);
    Collector collector(directory.path());
    const PoolSnapshot pool = collector.collect();
    CHECK(health_checks(pool.totals) == 0);
    CHECK(pool.problems ==
          std::vector<std::string>{"worker-01.slot: impossible numbers of requests"});
}

TEST_CASE("two versions of the layout at once add up, also while one takes over from the other") {
    const TemporaryDirectory directory;
    write_words(directory / "worker-01.slot", make_other_slot());
    leave_slot(directory.path(), "worker-02", 1);
    Collector collector(directory.path());
    const auto predicted = [&collector] {
        return count(collector.collect().totals, http::Method::post, http::Endpoint::predict, 201);
    };
    CHECK(predicted() == 3);
    Recorder upgraded(options(directory.path()));
    REQUIRE_FALSE(upgraded.maintain(kNoon));
    CHECK(predicted() == 3);
    upgraded.record_request(prediction());
    CHECK(predicted() == 4);
    CHECK(collector.collect().workers.at(0).requests == 5);
}

TEST_CASE("a worker that is stopped in the middle of an update is read as if it had finished") {
    const TemporaryDirectory directory;
    leave_slot(directory.path(), "worker-01", 5);
    const std::string path = directory / "worker-01.slot";
    std::string bytes = read_file(path);
    Slot slot;
    std::memcpy(&slot, bytes.data(), sizeof slot);
    // Everything is in the journal, one of three words has been written.
    const auto index = [&slot](const Word& word) {
        return static_cast<Word>(&word - reinterpret_cast<const Word*>(&slot));  // NOLINT
    };
    RequestCell& cell = slot.requests[0][0];
    slot.journal.sequence += 1;
    slot.journal.length = 3;
    slot.journal.entries[0] = {index(cell.replies[0]), 6};
    slot.journal.entries[1] = {index(*std::ranges::find(cell.buckets, 5)), 6};
    slot.journal.entries[2] = {index(cell.sum_ns), 6'000'000};
    cell.replies[0] = 6;
    std::memcpy(bytes.data(), &slot, sizeof slot);
    write_file(path, bytes);

    Collector collector(directory.path());
    const PoolSnapshot pool = collector.collect();
    CHECK(health_checks(pool.totals) == 6);
    CHECK(pool.totals.cell(0, 0).sum_ns == 6'000'000);
    leave_slot(directory.path(), "worker-01", 1);
    CHECK(health_checks(collector.collect().totals) == 7);
}

TEST_CASE("while a worker records, no scrape is inconsistent and no count decreases") {
    const TemporaryDirectory directory;
    Recorder recorder(options(directory.path()));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    std::atomic<bool> is_done{false};
    Word recorded = 0;
    // Between two records there is a pause of some ten microseconds, or none at all.
    const auto pause = GENERATE(0, 20'000);
    std::thread worker([&] {
        while (!is_done) {
            recorder.record_request(prediction());
            ++recorded;
            for (std::atomic<int> i{0}; i < pause; ++i) {
            }
        }
    });
    Collector collector(directory.path());
    Word last = 0;
    std::size_t problems = 0;
    // On a busy machine the worker's thread may begin after many scrapes.
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    for (int i = 0; i < 2'000 || (last == 0 && std::chrono::steady_clock::now() < end); ++i) {
        const PoolSnapshot pool = collector.collect();
        const RequestCell& cell = pool.totals.cell(2, 2);
        const bool is_consistent = sum(cell.replies) == sum(cell.buckets) &&
                                   cell.sum_ns == 7'000'000 * sum(cell.replies) &&
                                   (pool.totals.models.empty() ||
                                    pool.totals.models[0].cell.outcomes[0] == sum(cell.replies));
        if (!is_consistent || sum(cell.replies) < last) FAIL("scrape " << i);
        last = sum(cell.replies);
        problems += pool.problems.size();
    }
    is_done = true;
    worker.join();
    CHECK(last > 0);
    if (pause > 0) CHECK(problems == 0);  // a slot that never rests keeps the previous numbers
    CHECK(count(collector.collect().totals, http::Method::post, http::Endpoint::predict, 201) ==
          recorded);
}

TEST_CASE("64 slots add up") {
    const TemporaryDirectory directory;
    for (int i = 1; i <= 64; ++i) leave_slot(directory.path(), "worker-" + std::to_string(i), i);
    Collector collector(directory.path());
    const PoolSnapshot pool = collector.collect();
    CHECK(pool.workers.size() == 64);
    CHECK(health_checks(pool.totals) == 64 * 65 / 2);
}

TEST_CASE("a request that is taken back between two scrapes makes no count decrease") {
    const TemporaryDirectory directory;
    Recorder recorder(options(directory.path()));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    Collector collector(directory.path());
    recorder.record_request(prediction());
    const RequestRecord lost = prediction();
    recorder.record_request(lost);
    const auto predictions = [&collector] {
        return count(collector.collect().totals, http::Method::post, http::Endpoint::predict, 201);
    };
    CHECK(predictions() == 2);
    recorder.retract_request(lost);
    CHECK(predictions() == 2);
    recorder.record_request(prediction());
    CHECK(predictions() == 2);
    recorder.record_request(prediction());
    CHECK(predictions() == 3);
}

TEST_CASE("a request that is taken back at one worker is made up for by the next one at another") {
    const TemporaryDirectory directory;
    Recorder first(options(directory.path(), "worker-01"));
    Recorder second(options(directory.path(), "worker-02"));
    REQUIRE_FALSE(first.maintain(kNoon));
    REQUIRE_FALSE(second.maintain(kNoon));
    Collector collector(directory.path());
    const auto predictions = [](const PoolSnapshot& pool) {
        return count(pool.totals, http::Method::post, http::Endpoint::predict, 201);
    };
    const RequestRecord lost = prediction();
    first.record_request(lost);
    CHECK(predictions(collector.collect()) == 1);
    first.retract_request(lost);
    CHECK(collector.collect().workers.front().requests == 1);
    second.record_request(prediction());
    const PoolSnapshot pool = collector.collect();
    CHECK(predictions(pool) == 1);
    CHECK(pool.workers.front().requests == 1);
    CHECK(pool.workers.back().requests == 1);
}

TEST_CASE("a request that is taken back leaves nothing behind when its slot is made again") {
    const TemporaryDirectory directory;
    Collector collector(directory.path());
    const auto predictions = [&collector] {
        return count(collector.collect().totals, http::Method::post, http::Endpoint::predict, 201);
    };
    {
        Recorder recorder(options(directory.path()));
        REQUIRE_FALSE(recorder.maintain(kNoon));
        const RequestRecord lost = prediction();
        recorder.record_request(lost);
        CHECK(predictions() == 1);
        recorder.retract_request(lost);
        CHECK(predictions() == 1);
    }
    for (const auto& file : std::filesystem::directory_iterator(directory.path())) {
        std::filesystem::remove(file);
    }
    Recorder recorder(options(directory.path()));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    recorder.record_request(prediction());
    CHECK(predictions() == 1);
    recorder.record_request(prediction());
    CHECK(predictions() == 2);
}
