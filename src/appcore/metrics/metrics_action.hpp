// GET /metrics: the pool's numbers for Prometheus.
#pragma once

#include "appcore/api/route.hpp"
#include "appcore/metrics/collector.hpp"
#include "appcore/metrics/pool_families.hpp"
#include "appcore/system/clock.hpp"

namespace appcore::metrics {

// Text 0.0.4 or OpenMetrics, gzipped or not, as the client asks for. Under the old service's
// spelling, "/metrics/", there are its families only: whoever asks that way gets what it always
// got. The references outlive the action.
[[nodiscard]] api::Action metrics_action(metrics::Collector& collector, metrics::PoolFacts facts,
                                         const system::Clock& clock);

}  // namespace appcore::metrics
