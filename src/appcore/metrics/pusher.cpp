#include "appcore/metrics/pusher.hpp"

#include <prometheus/collectable.h>
#include <prometheus/gateway.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "appcore/metrics/collector.hpp"

namespace appcore::metrics {
namespace {

constexpr std::chrono::seconds kLastPush{1};  // that the end of the process waits for it

// A collector of its own: it belongs to the pushing thread.
class PoolCollectable final : public prometheus::Collectable {
  public:
    PoolCollectable(std::string state_directory, PoolFacts facts)
        : collector_(std::move(state_directory)), facts_(std::move(facts)) {}

    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override {
        return all_families(collector_.collect(), facts_, std::chrono::steady_clock::now());
    }

  private:
    mutable Collector collector_;
    PoolFacts facts_;
};

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

bool is_success(int http_status) {
    return http_status >= 200 && http_status < 300;
}

}  // namespace

// Outlives the pusher where a push hangs.
struct Pusher::Shared {
    Shared(const PushTarget& target, const std::string& state_directory, PoolFacts facts)
        : gateway(target.host, target.port, "appcore",
                  prometheus::Gateway::GetInstanceLabel(host_name())),
          pool(std::make_shared<PoolCollectable>(state_directory, std::move(facts))),
          address(target.host + ":" + target.port) {
        gateway.RegisterCollectable(pool);
    }

    void run(std::chrono::milliseconds interval) {
        std::unique_lock lock(mutex);
        while (!is_stopping) {
            lock.unlock();
            const int status = gateway.Push();
            lock.lock();
            if (is_success(status)) {
                ++report.successes;
                report.problem.clear();
            } else {
                ++report.failures;
                report.problem = address + (status > 0 ? " answers " + std::to_string(status)
                                                       : " cannot be reached");
            }
            changed.wait_for(lock, interval, [this] { return is_stopping; });
        }
        is_done = true;
        changed.notify_all();
    }

    prometheus::Gateway gateway;
    std::shared_ptr<PoolCollectable> pool;
    std::string address;
    std::mutex mutex;
    std::condition_variable changed;
    PushReport report;
    bool is_stopping = false;
    bool is_done = false;
};

Pusher::Pusher(const PushTarget& target, const std::string& state_directory, PoolFacts facts,
               std::chrono::milliseconds interval)
    : shared_(std::make_shared<Shared>(target, state_directory, std::move(facts))),
      thread_([shared = shared_, interval] { shared->run(interval); }) {}

Pusher::~Pusher() {
    std::unique_lock lock(shared_->mutex);
    shared_->is_stopping = true;
    shared_->changed.notify_all();
    const bool is_done =
        shared_->changed.wait_for(lock, kLastPush, [this] { return shared_->is_done; });
    lock.unlock();
    if (is_done) {
        thread_.join();
    } else {
        thread_.detach();
    }
}

PushReport Pusher::take_report() {
    const std::lock_guard lock(shared_->mutex);
    PushReport report = shared_->report;
    shared_->report.successes = 0;
    shared_->report.failures = 0;
    return report;
}

}  // namespace appcore::metrics
