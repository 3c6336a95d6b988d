// What the old service showed, as metric families for prometheus-cpp.
#pragma once

#include <prometheus/metric_family.h>

#include <string_view>
#include <vector>

#include "appcore/metrics/collector.hpp"

namespace appcore::metrics {

// The families of the old service, in the order in which it showed them, labels sorted by name. A
// family is there also without samples; a series only once it has counted something.
[[nodiscard]] std::vector<prometheus::MetricFamily> service_families(const PoolSnapshot& pool,
                                                                     std::string_view app_version);

}  // namespace appcore::metrics
