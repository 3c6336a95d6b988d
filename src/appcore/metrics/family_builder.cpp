#include "appcore/metrics/family_builder.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "appcore/metrics/sample_value.hpp"

namespace appcore::metrics {

Label label(std::string_view name, std::string_view value) {
    return {std::string(name), std::string(value)};
}

prometheus::MetricFamily make_family(const store::metric::Definition& definition) {
    return {std::string(definition.name), std::string(definition.help), definition.type, {}};
}

void add_counter(prometheus::MetricFamily& family, std::vector<Label> labels, store::Word count) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    metric.counter.value = static_cast<double>(count);
    family.metric.push_back(std::move(metric));
}

void add_gauge(prometheus::MetricFamily& family, std::vector<Label> labels, double value) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    metric.gauge.value = value;
    family.metric.push_back(std::move(metric));
}

void add_histogram(prometheus::MetricFamily& family, std::vector<Label> labels,
                   std::span<const store::Word> bounds_ns, const store::Buckets& buckets,
                   store::Word sum_ns) {
    if (std::ranges::all_of(buckets, [](store::Word count) { return count == 0; })) return;
    prometheus::ClientMetric metric;
    store::Word count = 0;
    metric.histogram.bucket.reserve(bounds_ns.size());
    std::size_t next = 0;  // the first bucket that is not in `count`
    for (const store::Word bound : bounds_ns) {
        const std::size_t end = store::bucket_of(bound) + 1;
        while (next < end) count += buckets[next++];
        metric.histogram.bucket.push_back({count, to_seconds(bound)});
    }
    while (next < buckets.size()) count += buckets[next++];
    metric.label = std::move(labels);
    metric.histogram.sample_count = count;
    metric.histogram.sample_sum = to_seconds(sum_ns);
    family.metric.push_back(std::move(metric));
}

}  // namespace appcore::metrics
