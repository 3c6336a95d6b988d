// Log lines of processes that were killed and whose place nobody has taken again: the last worker
// of a pool that has ended, or one that was killed while its pool was being stopped.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "appcore/log/log.hpp"

namespace appcore {

class LeftLines {
  public:
    // The log outlives this object.
    LeftLines(std::string state_directory, log::Log& log);

    // Takes the rings of dead places out of the way of their next holders and has the log write
    // them. Holds a place's lock for an instant only. One process at a time.
    void collect();

  private:
    // Rings that are being written; the log's writer removes those that it has finished.
    struct InWork {
        std::mutex mutex;
        std::set<std::string> names;
    };

    void leave_rings(int directory);
    void adopt(int directory, const std::string& name);

    std::string state_directory_;
    log::Log& log_;
    std::shared_ptr<InWork> in_work_ = std::make_shared<InWork>();
};

}  // namespace appcore
