// Replies by API key, as a metric family for prometheus-cpp.
#pragma once

#include <prometheus/metric_family.h>

#include <optional>

#include "appcore/store/caller_totals.hpp"

namespace appcore::metrics {

// appcore_key_requests_total; nothing where no request with a key has been counted.
[[nodiscard]] std::optional<prometheus::MetricFamily> caller_family(const store::Callers& callers);

}  // namespace appcore::metrics
