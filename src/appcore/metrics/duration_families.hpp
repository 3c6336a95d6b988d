// Durations in fine buckets, as metric families for prometheus-cpp.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "appcore/store/totals.hpp"

namespace appcore::metrics {

// appcore_request_duration_seconds, _wait_seconds, _latency_seconds and
// appcore_prediction_duration_seconds, by kFineBounds.
[[nodiscard]] std::vector<prometheus::MetricFamily> duration_families(const store::Totals& totals);

}  // namespace appcore::metrics
