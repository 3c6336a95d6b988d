// Durations in buckets, as metric families for prometheus-cpp.
#pragma once

#include <prometheus/metric_family.h>

#include <span>
#include <vector>

#include "appcore/store/totals.hpp"

namespace appcore::metrics {

// Histograms of requests by endpoint and method, and of the model alone by its version.
// `bounds_ns`: some of kSlotBounds, in their order.
[[nodiscard]] prometheus::MetricFamily request_durations(
    const store::metric::Definition& definition, std::span<const store::Word> bounds_ns,
    const store::Totals& totals);
[[nodiscard]] prometheus::MetricFamily prediction_durations(
    const store::metric::Definition& definition, std::span<const store::Word> bounds_ns,
    const store::Totals& totals);

// appcore_request_duration_seconds, _wait_seconds, _latency_seconds and
// appcore_prediction_duration_seconds, by kFineBounds.
[[nodiscard]] std::vector<prometheus::MetricFamily> duration_families(const store::Totals& totals);

}  // namespace appcore::metrics
