// The document of /status: the pool as it is now and as it was in the last minutes.
#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "appcore/metrics/collector.hpp"
#include "appcore/metrics/history.hpp"
#include "appcore/models/file_model.hpp"
#include "appcore/system/clock.hpp"

namespace appcore::status {

// What does not change while the program runs.
struct ServiceFacts {
    std::string name;
    std::string version;
    unsigned workers = 0;  // that the pool should have, unless a worker says otherwise
    std::chrono::seconds request_timeout{};       // a request that takes longer is a problem
    std::optional<models::FileFacts> model = {};  // nothing while the mean is served
    system::WallTime model_since{};               // when this program has found it
};

struct StatusSources {
    const metrics::PoolSnapshot& pool;
    const metrics::History& history;
    const ServiceFacts& facts;
};

// Times are RFC 3339 in UTC, ages and durations seconds, latencies milliseconds. What is not known,
// and a rate or percentile of nothing, is null. No age is negative, whatever the clocks do. It
// throws where memory is lacking.
[[nodiscard]] nlohmann::ordered_json status_report(const StatusSources& sources,
                                                   const system::Clock& clock);

}  // namespace appcore::status
