#include "appcore/metrics/worker_activity.hpp"

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "catch.hpp"

using namespace appcore::metrics;  // NOLINT(google-build-using-namespace)

namespace {

WorkerState worker(pid_t pid) {
    WorkerState state;
    state.name = "worker-01";
    state.is_alive = true;
    state.health = appcore::store::Health::healthy;
    state.pid = pid;
    return state;
}

// A process that has stopped itself, perhaps as one does that a debugger traces.
class StoppedProcess {
  public:
    explicit StoppedProcess(bool is_traced = false) : pid_(::fork()) {
        if (pid_ == 0) {
            if (is_traced) ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
            ::raise(SIGSTOP);
            ::_exit(0);
        }
        int status = 0;
        REQUIRE(::waitpid(pid_, &status, WUNTRACED) == pid_);
        REQUIRE(WIFSTOPPED(status));
    }
    StoppedProcess(const StoppedProcess&) = delete;
    StoppedProcess& operator=(const StoppedProcess&) = delete;
    ~StoppedProcess() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    [[nodiscard]] pid_t pid() const { return pid_; }

  private:
    pid_t pid_;
};

}  // namespace

TEST_CASE("a worker is idle, busy, stopped or dead") {
    WorkerState state = worker(::getpid());
    CHECK(activity_of(state) == Activity::idle);
    state.busy_since = appcore::system::SteadyTime{};
    CHECK(activity_of(state) == Activity::busy);
    const StoppedProcess stopped;
    state.pid = stopped.pid();
    CHECK(activity_of(state) == Activity::stopped);
    state.is_alive = false;
    CHECK(activity_of(state) == Activity::dead);
}

TEST_CASE("a worker that a debugger halts is stopped") {
    const StoppedProcess traced(true);
    CHECK(activity_of(worker(traced.pid())) == Activity::stopped);
}

TEST_CASE("a worker that the kernel does not know is believed") {
    CHECK(activity_of(worker(-1)) == Activity::idle);
}

TEST_CASE("a pool whose healthy workers are all stopped cannot predict") {
    const StoppedProcess stopped;
    PoolSnapshot pool;
    CHECK_FALSE(can_predict(pool));
    pool.workers = {worker(stopped.pid())};
    CHECK_FALSE(can_predict(pool));
    pool.workers.push_back(worker(::getpid()));
    CHECK(can_predict(pool));
    pool.workers.back().health = appcore::store::Health::unknown;
    CHECK_FALSE(can_predict(pool));
    pool.workers.back().health = appcore::store::Health::unhealthy;
    CHECK_FALSE(can_predict(pool));
}

TEST_CASE("a pool of which only workers for other machines live cannot predict") {
    PoolSnapshot pool;
    pool.workers = {worker(::getpid())};
    pool.workers.back().name = "peer-01";
    CHECK_FALSE(can_predict(pool));
    pool.workers.push_back(worker(::getpid()));
    CHECK(can_predict(pool));
}
