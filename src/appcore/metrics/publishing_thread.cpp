#include "appcore/metrics/publishing_thread.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "appcore/metrics/collector.hpp"
#include "appcore/metrics/publisher.hpp"

namespace appcore::metrics {
namespace {

constexpr std::chrono::seconds kLastPublication{1};  // that the end of the process waits for it

}  // namespace

// Outlives the object where the disk holds the thread up.
struct PublishingThread::Shared {
    Shared(const std::string& state_directory, const std::string& directory, const PoolFacts& facts)
        : collector(state_directory), publisher(collector, directory, facts) {}

    void run() {
        std::unique_lock lock(mutex);
        for (bool is_last = false;; is_last = is_stopping) {
            lock.unlock();
            // The last one comes early.
            const auto now = std::chrono::steady_clock::now();
            const auto failed = publisher.maintain(is_last ? now + kPublishInterval : now);
            lock.lock();
            if (failed) problem = failed->message;
            if (is_last) break;
            changed.wait_for(lock, kPublishInterval, [this] { return is_stopping; });
        }
        has_ended = true;
        changed.notify_all();
    }

    // The thread's own.
    Collector collector;
    Publisher publisher;

    std::mutex mutex;
    std::condition_variable changed;
    std::string problem;
    bool is_stopping = false;
    bool has_ended = false;
};

PublishingThread::PublishingThread(const std::string& state_directory, const std::string& directory,
                                   const PoolFacts& facts)
    : shared_(std::make_shared<Shared>(state_directory, directory, facts)),
      thread_([shared = shared_] { shared->run(); }) {}

PublishingThread::~PublishingThread() {
    std::unique_lock lock(shared_->mutex);
    shared_->is_stopping = true;
    shared_->changed.notify_all();
    const bool has_ended =
        shared_->changed.wait_for(lock, kLastPublication, [this] { return shared_->has_ended; });
    lock.unlock();
    if (has_ended) {
        thread_.join();
    } else {
        thread_.detach();
    }
}

std::string PublishingThread::take_problem() {
    const std::scoped_lock lock(shared_->mutex);
    return std::exchange(shared_->problem, {});
}

}  // namespace appcore::metrics
