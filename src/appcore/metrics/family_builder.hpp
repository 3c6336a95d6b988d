// Metric families of prometheus-cpp from plain numbers.
#pragma once

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include <span>
#include <string_view>
#include <vector>

#include "appcore/store/metric_names.hpp"
#include "appcore/store/slot_layout.hpp"

namespace appcore::metrics {

using Label = prometheus::ClientMetric::Label;

[[nodiscard]] Label label(std::string_view name, std::string_view value);

// A family without samples.
[[nodiscard]] prometheus::MetricFamily make_family(const store::metric::Definition& definition);

void add_counter(prometheus::MetricFamily& family, std::vector<Label> labels, store::Word count);
void add_gauge(prometheus::MetricFamily& family, std::vector<Label> labels, double value);

// `bounds_ns`: some of kSlotBounds, in their order. A histogram that has observed nothing is left
// out.
void add_histogram(prometheus::MetricFamily& family, std::vector<Label> labels,
                   std::span<const store::Word> bounds_ns, const store::Buckets& buckets,
                   store::Word sum_ns);

}  // namespace appcore::metrics
