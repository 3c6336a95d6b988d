#include "appcore/store/presence.hpp"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appcore/metrics/collector.hpp"
#include "store/slot_fixture.hpp"

using namespace appcore::metrics;  // NOLINT(google-build-using-namespace)
using namespace slot_fixture;      // NOLINT(google-build-using-namespace)

namespace {

// As the programs are called; for the time of a test.
class ProgramName {
  public:
    ProgramName() {
        ::prctl(PR_GET_NAME, before_.data());
        ::prctl(PR_SET_NAME, "appcore-worker");
    }
    ProgramName(const ProgramName&) = delete;
    ProgramName& operator=(const ProgramName&) = delete;
    ~ProgramName() { ::prctl(PR_SET_NAME, before_.data()); }

  private:
    std::array<char, 16> before_{};
};

RecorderOptions member_of(unsigned size, const std::string& directory, const std::string& name) {
    RecorderOptions member = options(directory, name);
    member.pool_size = size;
    return member;
}

RecorderOptions member_of_two(const std::string& directory, const std::string& name) {
    return member_of(2, directory, name);
}

}  // namespace

TEST_CASE("a process without a slot is found by its state directory, until it has one") {
    const ProgramName name;
    const TemporaryDirectory directory;
    Presence presence(directory.path(), "blue-01", system::WallTime{5s}, 3);
    presence.set_health(Health::healthy);
    CHECK(find_unattached(directory.path()).empty());  // it has not tried for one
    presence.set_attached(false);
    const std::vector<Unattached> found = find_unattached(directory.path());
    REQUIRE(found.size() == 1);
    CHECK(found[0].name == "blue-01");
    CHECK(found[0].pid == ::getpid());
    CHECK(found[0].health == Health::healthy);
    CHECK(found[0].started == system::WallTime{5s});
    CHECK(found[0].pool_size == 3);
    CHECK(find_unattached(directory / "other").empty());
    presence.set_attached(true);
    CHECK(find_unattached(directory.path()).empty());
    presence.set_attached(false);
    CHECK(find_unattached(directory.path()).size() == 1);
}

TEST_CASE(
    "a pool whose state directory is gone is healthy, and its counts are reported as its own") {
    const ProgramName name;
    const TemporaryDirectory base;
    const std::string state = base / "state";
    Recorder worker(member_of_two(state, "blue-02"));
    worker.set_health(true);
    CHECK(worker.maintain(kNoon));
    Collector collector(state);
    PoolSnapshot pool = collector.collect();
    CHECK(is_pool_healthy(pool));
    REQUIRE(pool.workers.size() == 1);
    CHECK(pool.workers[0].name == "blue-02");
    CHECK(pool.workers[0].is_alive);
    CHECK(pool.workers[0].is_unattached);
    CHECK(pool.workers[0].usage);
    CHECK(pool.size == 2U);
    CHECK(pool.problems.back().find("blue-02 has no slot") == 0);

    worker.set_health(false);
    CHECK_FALSE(is_pool_healthy(collector.collect()));

    worker.set_health(true);
    REQUIRE(::mkdir(state.c_str(), 0700) == 0);
    REQUIRE(worker.attach());
    pool = collector.collect();
    CHECK(is_pool_healthy(pool));
    REQUIRE(pool.workers.size() == 1);
    CHECK_FALSE(pool.workers[0].is_unattached);
    CHECK(pool.problems.empty());

    std::filesystem::remove_all(state);
    CHECK_FALSE(worker.attach());
    CHECK(collector.collect().workers.at(0).is_unattached);
}

TEST_CASE("a worker without a slot shows the counts that its predecessor has left there") {
    const ProgramName name;
    const TemporaryDirectory directory;
    {
        Recorder before(member_of_two(directory.path(), "blue-01"));
        REQUIRE(before.attach());
        before.record_request(health_check());
    }
    Presence now(directory.path(), "blue-01", system::WallTime{9s}, 2);
    now.set_attached(false);
    Collector collector(directory.path());
    const PoolSnapshot pool = collector.collect();
    REQUIRE(pool.workers.size() == 1);
    CHECK(pool.workers[0].is_alive);
    CHECK(pool.workers[0].is_unattached);
    CHECK(pool.workers[0].requests == 1);
    CHECK(pool.workers[0].started == system::WallTime{9s});
}

TEST_CASE("a metrics program without a slot is reported while every worker has one") {
    const ProgramName name;
    const TemporaryDirectory directory;
    Presence metrics(directory.path(), std::string(kMetricsSlot), system::WallTime{9s}, 0);
    metrics.set_attached(false);
    Recorder worker(member_of(1, directory.path(), "blue-01"));
    REQUIRE(worker.attach());
    const PoolSnapshot pool = Collector(directory.path()).collect();
    REQUIRE(pool.workers.size() == 2);
    CHECK_FALSE(pool.workers[0].is_unattached);
    CHECK(pool.workers[1].name == kMetricsSlot);
    CHECK(pool.workers[1].is_unattached);
    REQUIRE(pool.problems.size() == 1);
    CHECK(pool.problems[0].find("metrics has no slot") == 0);
}

TEST_CASE("workers without a slot are found beside workers for other machines that have one") {
    const ProgramName name;
    const TemporaryDirectory directory;
    Presence worker(directory.path(), "blue-01", system::WallTime{9s}, 1);
    worker.set_attached(false);
    Recorder for_others(member_of(1, directory.path(), "peer-01"));
    REQUIRE(for_others.attach());
    Recorder metrics(options(directory.path(), std::string(kMetricsSlot)));
    REQUIRE(metrics.attach());
    const PoolSnapshot pool = Collector(directory.path()).collect();
    REQUIRE(pool.workers.size() == 3);
    CHECK(pool.workers[0].name == "blue-01");
    CHECK(pool.workers[0].is_unattached);
    CHECK(pool.size == 2U);
}
