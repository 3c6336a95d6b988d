// The names of the metrics: families, HELP texts, types, label names and bucket bounds, as the
// callers' dashboards know them. Nothing else spells them.
#pragma once

#include <prometheus/metric_type.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace appcore::monitoring::metrics {

struct Definition {
    std::string_view name;
    std::string_view help;
    prometheus::MetricType type;
};

inline constexpr Definition http_requests{"http_requests_total", "Total HTTP requests",
                                          prometheus::MetricType::Counter};
inline constexpr Definition http_request_duration{"http_request_duration_seconds",
                                                  "HTTP request duration in seconds",
                                                  prometheus::MetricType::Histogram};
inline constexpr Definition predictions{"predictions_total", "Total predictions made",
                                        prometheus::MetricType::Counter};
inline constexpr Definition prediction_duration{"prediction_duration_seconds",
                                                "Prediction inference duration",
                                                prometheus::MetricType::Histogram};
inline constexpr Definition app_health_status{"app_health_status",
                                              "Application health (1=healthy, 0=unhealthy)",
                                              prometheus::MetricType::Gauge};
inline constexpr Definition app_info{"app_info", "Application metadata",
                                     prometheus::MetricType::Gauge};

inline constexpr std::string_view label_endpoint = "endpoint";
inline constexpr std::string_view label_method = "method";
inline constexpr std::string_view label_status_code = "status_code";
inline constexpr std::string_view label_model_version = "model_version";
inline constexpr std::string_view label_status = "status";
inline constexpr std::string_view label_version = "version";

// The label value that stands for everything a bounded list has no place for.
inline constexpr std::string_view other = "other";

// Upper bounds in nanoseconds, inclusive; the bucket without a bound (+Inf) follows the last.
inline constexpr std::array<std::uint64_t, 11> request_bounds_ns = {
    5'000'000,   10'000'000,    25'000'000,    50'000'000,    100'000'000,   250'000'000,
    500'000'000, 1'000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000};
inline constexpr std::array<std::uint64_t, 9> prediction_bounds_ns = {
    1'000'000,   5'000'000,   10'000'000,    25'000'000,   50'000'000,
    100'000'000, 500'000'000, 1'000'000'000, 5'000'000'000};

// How a prediction ended; the order is that of outcome_names.
enum class Outcome : unsigned char { success, error };
inline constexpr std::array<std::string_view, 2> outcome_names = {"success", "error"};

// What can happen to a worker's slot besides counting; the order is that of store_event_names.
enum class StoreEvent : unsigned char { attach_failed, damaged_set_aside, layout_migrated };
inline constexpr std::array<std::string_view, 3> store_event_names = {
    "attach_failed", "damaged_set_aside", "layout_migrated"};

}  // namespace appcore::monitoring::metrics
