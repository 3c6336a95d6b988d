#include "appcore/monitoring/families.hpp"

#include <numeric>
#include <span>
#include <string>
#include <utility>

#include "appcore/monitoring/metrics.hpp"

namespace appcore::monitoring {
namespace {

using Label = prometheus::ClientMetric::Label;

constexpr double nanoseconds_per_second = 1e9;

double to_seconds(Word nanoseconds) {
    return static_cast<double>(nanoseconds) / nanoseconds_per_second;
}

Label label(std::string_view name, std::string_view value) {
    return {std::string(name), std::string(value)};
}

std::string status_label(std::size_t index) {
    if (index >= http::status_codes.size()) return std::string(metrics::other);
    return std::to_string(http::status_codes[index].code);
}

prometheus::MetricFamily make_family(const metrics::Definition& definition) {
    return {std::string(definition.name), std::string(definition.help), definition.type, {}};
}

void add_counter(prometheus::MetricFamily& family, std::vector<Label> labels, Word count) {
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

// `buckets` has one more element than `bounds_ns`: what exceeds the last bound. A histogram that
// has observed nothing is left out.
void add_histogram(prometheus::MetricFamily& family, std::vector<Label> labels,
                   std::span<const Word> bounds_ns, std::span<const Word> buckets, Word sum_ns) {
    prometheus::ClientMetric metric;
    Word count = 0;
    metric.histogram.bucket.reserve(bounds_ns.size());
    for (std::size_t i = 0; i < bounds_ns.size(); ++i) {
        count += buckets[i];
        metric.histogram.bucket.push_back({count, to_seconds(bounds_ns[i])});
    }
    count += buckets[bounds_ns.size()];
    if (count == 0) return;
    metric.label = std::move(labels);
    metric.histogram.sample_count = count;
    metric.histogram.sample_sum = to_seconds(sum_ns);
    family.metric.push_back(std::move(metric));
}

prometheus::MetricFamily request_counts(const Totals& totals) {
    auto family = make_family(metrics::http_requests);
    for (std::size_t endpoint = 0; endpoint < http::endpoint_count; ++endpoint) {
        for (std::size_t method = 0; method < http::method_names.size(); ++method) {
            const RequestCell& cell = totals.cell(method, endpoint);
            for (std::size_t status = 0; status < cell.replies.size(); ++status) {
                if (cell.replies[status] == 0) continue;
                add_counter(family,
                            {label(metrics::label_endpoint, http::endpoint_paths[endpoint]),
                             label(metrics::label_method, http::method_names[method]),
                             label(metrics::label_status_code, status_label(status))},
                            cell.replies[status]);
            }
        }
    }
    return family;
}

prometheus::MetricFamily request_durations(const Totals& totals) {
    auto family = make_family(metrics::http_request_duration);
    for (std::size_t endpoint = 0; endpoint < http::endpoint_count; ++endpoint) {
        for (std::size_t method = 0; method < http::method_names.size(); ++method) {
            const RequestCell& cell = totals.cell(method, endpoint);
            add_histogram(family,
                          {label(metrics::label_endpoint, http::endpoint_paths[endpoint]),
                           label(metrics::label_method, http::method_names[method])},
                          metrics::request_bounds_ns, cell.buckets, cell.sum_ns);
        }
    }
    return family;
}

prometheus::MetricFamily prediction_counts(const Totals& totals) {
    auto family = make_family(metrics::predictions);
    for (const ModelTotals& model : totals.models) {
        for (std::size_t i = 0; i < metrics::outcome_names.size(); ++i) {
            if (model.cell.outcomes[i] == 0) continue;
            add_counter(family,
                        {label(metrics::label_model_version, model.version),
                         label(metrics::label_status, metrics::outcome_names[i])},
                        model.cell.outcomes[i]);
        }
    }
    return family;
}

prometheus::MetricFamily prediction_durations(const Totals& totals) {
    auto family = make_family(metrics::prediction_duration);
    for (const ModelTotals& model : totals.models) {
        add_histogram(family, {label(metrics::label_model_version, model.version)},
                      metrics::prediction_bounds_ns, model.cell.buckets, model.cell.sum_ns);
    }
    return family;
}

}  // namespace

std::vector<prometheus::MetricFamily> to_families(const PoolSnapshot& pool,
                                                  std::string_view app_version) {
    auto health = make_family(metrics::app_health_status);
    add_gauge(health, {}, is_pool_healthy(pool) ? 1 : 0);
    auto info = make_family(metrics::app_info);
    add_gauge(info, {label(metrics::label_version, app_version)}, 1);

    std::vector<prometheus::MetricFamily> families;
    families.push_back(request_counts(pool.totals));
    families.push_back(request_durations(pool.totals));
    families.push_back(prediction_counts(pool.totals));
    families.push_back(prediction_durations(pool.totals));
    families.push_back(std::move(health));
    families.push_back(std::move(info));
    return families;
}

}  // namespace appcore::monitoring
