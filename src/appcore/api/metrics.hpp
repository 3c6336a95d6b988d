// GET /metrics: the pool's numbers for Prometheus.
#pragma once

#include "appcore/api/route.hpp"
#include "appcore/monitoring/collector.hpp"

namespace appcore::api {

// Text 0.0.4 or OpenMetrics, gzipped or not, as the client asks for. The collector outlives the
// action.
[[nodiscard]] Action metrics_action(monitoring::Collector& collector);

}  // namespace appcore::api
