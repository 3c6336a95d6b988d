// What the old service did not show: each process of the pool, its queue, its store.
#pragma once

#include <prometheus/metric_family.h>

#include <optional>
#include <string>
#include <vector>

#include "appcore/metrics/collector.hpp"
#include "appcore/system/clock.hpp"

namespace appcore::metrics {

// The model of a file.
struct ModelFacts {
    std::string version;
    std::string format;
    std::string sha256;  // of the source it was compiled from
};

// What the snapshot does not know.
struct PoolFacts {
    std::string version;
    std::string commit;
    unsigned workers;                      // that the pool should have
    std::optional<ModelFacts> model = {};  // nothing while the mean is served
    std::string certificate_file = {};  // for read_certificate_end(), at every call; may not exist
};

// Families appcore_* and process_*. Of a dead worker there are its counters, and that it is down. A
// gauge that the kernel does not tell has no sample.
[[nodiscard]] std::vector<prometheus::MetricFamily> pool_families(const PoolSnapshot& pool,
                                                                  const PoolFacts& facts,
                                                                  system::SteadyTime now);

// service_families() and then these.
[[nodiscard]] std::vector<prometheus::MetricFamily> all_families(const PoolSnapshot& pool,
                                                                 const PoolFacts& facts,
                                                                 system::SteadyTime now);

}  // namespace appcore::metrics
