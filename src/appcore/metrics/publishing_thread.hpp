// Publishes in a thread of its own: the directory may be on a disk that is stalled or frozen, and
// neither requests nor scrapes wait for that.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "appcore/metrics/pool_families.hpp"

namespace appcore::metrics {

class PublishingThread {
  public:
    // Publishes at once, and then every kPublishInterval (publisher.hpp). Signals must be blocked
    // already (fcgi::Signals), so that none is delivered to the thread.
    PublishingThread(const std::string& state_directory, const std::string& directory,
                     const PoolFacts& facts);
    PublishingThread(const PublishingThread&) = delete;
    PublishingThread& operator=(const PublishingThread&) = delete;
    // Publishes once more and waits a second for that; a thread that the disk holds up is left to
    // the end of the process.
    ~PublishingThread();

    // Why publishing failed, as often as it is worth a line; empty otherwise.
    [[nodiscard]] std::string take_problem();

  private:
    struct Shared;
    std::shared_ptr<Shared> shared_;
    std::thread thread_;
};

}  // namespace appcore::metrics
