// The pool's numbers as metric families for prometheus-cpp.
#pragma once

#include <prometheus/metric_family.h>

#include <string_view>
#include <vector>

#include "appcore/monitoring/collector.hpp"

namespace appcore::monitoring {

// All families, in the order in which the service has always shown them, labels sorted by name. A
// family is there also without samples; a series only once it has counted something.
[[nodiscard]] std::vector<prometheus::MetricFamily> to_families(const PoolSnapshot& pool,
                                                                std::string_view app_version);

}  // namespace appcore::monitoring
