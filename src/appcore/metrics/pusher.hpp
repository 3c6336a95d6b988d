// Pushes the pool's numbers to a Pushgateway, for sites that Prometheus cannot reach.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "appcore/metrics/pool_families.hpp"
#include "appcore/store/slot_layout.hpp"

namespace appcore::metrics {

inline constexpr std::chrono::seconds kPushInterval{
    15};  // as often as Prometheus scrapes by default

struct PushTarget {
    std::string host;
    std::string port;
};

// What has happened since the last report.
struct PushReport {
    store::Word successes = 0;
    store::Word failures = 0;
    std::string problem;  // why the last push failed; empty after a success
};

// Pushes in a thread of its own, since the gateway may take its time or be away. It replaces the
// group {job="appcore", instance=<host name>}, by prometheus-cpp's Gateway, whose text has le="1"
// where a scrape has le="1.0".
class Pusher {
  public:
    // Pushes at once, and then every `interval`.
    Pusher(const PushTarget& target, const std::string& state_directory, PoolFacts facts,
           std::chrono::milliseconds interval = kPushInterval);
    Pusher(const Pusher&) = delete;
    Pusher& operator=(const Pusher&) = delete;
    // Waits a second for a push under way; one that hangs is left to the end of the process.
    ~Pusher();

    [[nodiscard]] PushReport take_report();

  private:
    struct Shared;
    std::shared_ptr<Shared> shared_;
    std::thread thread_;
};

}  // namespace appcore::metrics
