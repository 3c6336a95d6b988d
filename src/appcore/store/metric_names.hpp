// The names of the metrics: families, HELP texts, types, label names and bucket bounds, as the
// callers' dashboards know them. Nothing else spells them.
#pragma once

#include <prometheus/metric_type.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace appcore::store::metric {

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

// What the old service did not have.
inline constexpr Definition build_info{
    "appcore_build_info", "Version and commit of the running build", prometheus::MetricType::Gauge};
inline constexpr Definition model_info{"appcore_model_info",
                                       "The model that is served, of a file: always 1",
                                       prometheus::MetricType::Gauge};
inline constexpr Definition workers{"appcore_workers", "Workers that the pool should have",
                                    prometheus::MetricType::Gauge};
inline constexpr Definition worker_up{"appcore_worker_up",
                                      "Whether the process is alive (1) or not (0)",
                                      prometheus::MetricType::Gauge};
inline constexpr Definition worker_busy{"appcore_worker_busy",
                                        "Whether the process has a request at hand (1) or not (0)",
                                        prometheus::MetricType::Gauge};
inline constexpr Definition worker_requests{
    "appcore_worker_requests_total", "Requests that the process and its predecessors answered",
    prometheus::MetricType::Counter};
inline constexpr Definition worker_starts{"appcore_worker_starts_total",
                                          "Processes that have held this place in the pool",
                                          prometheus::MetricType::Counter};
inline constexpr Definition worker_memory{"appcore_worker_resident_memory_bytes",
                                          "Resident memory of the process",
                                          prometheus::MetricType::Gauge};
inline constexpr Definition worker_start_time{"appcore_worker_start_time_seconds",
                                              "Start of the process since the epoch",
                                              prometheus::MetricType::Gauge};
inline constexpr Definition worker_idle_time{"appcore_worker_last_activity_age_seconds",
                                             "Time since the process began or ended a request",
                                             prometheus::MetricType::Gauge};
inline constexpr Definition workers_unattached{
    "appcore_workers_unattached",
    "Processes without a slot, whose counts are in their own memory only",
    prometheus::MetricType::Gauge};
inline constexpr Definition requests_in_flight{"appcore_requests_in_flight",
                                               "Requests that workers have at hand",
                                               prometheus::MetricType::Gauge};
inline constexpr Definition queue_length{"appcore_queue_length",
                                         "Connections that wait for a worker to accept them",
                                         prometheus::MetricType::Gauge};
inline constexpr Definition store_events{"appcore_store_events_total",
                                         "What happened to the metrics' own store besides counting",
                                         prometheus::MetricType::Counter};
inline constexpr Definition log_lines_dropped{"appcore_log_lines_dropped_total",
                                              "Log lines that could not be written",
                                              prometheus::MetricType::Counter};
inline constexpr Definition request_timeouts{
    "appcore_request_timeouts_total", "Requests that hung and were ended together with the process",
    prometheus::MetricType::Counter};
inline constexpr Definition pushes{"appcore_pushes_total", "Pushes to the Pushgateway by result",
                                   prometheus::MetricType::Counter};
// Durations in finer buckets than the old service's, which begin at 5 ms.
inline constexpr Definition request_duration{
    "appcore_request_duration_seconds",
    "Time from a request's first byte at the worker to its finished reply",
    prometheus::MetricType::Histogram};
inline constexpr Definition request_wait{
    "appcore_request_wait_seconds",
    "Time from the web server having a request to the worker's beginning with it",
    prometheus::MetricType::Histogram};
inline constexpr Definition request_latency{"appcore_request_latency_seconds",
                                            "Waiting and duration of a request together",
                                            prometheus::MetricType::Histogram};
inline constexpr Definition model_duration{"appcore_prediction_duration_seconds",
                                           "Time of the model alone in a prediction",
                                           prometheus::MetricType::Histogram};
inline constexpr Definition requests_waiting{
    "appcore_requests_waiting",
    "Requests that no worker has begun, on new connections and on those that workers hold",
    prometheus::MetricType::Gauge};

// Of the pool as one, under the names that every Prometheus client uses.
inline constexpr Definition process_resident_memory{"process_resident_memory_bytes",
                                                    "Resident memory size in bytes.",
                                                    prometheus::MetricType::Gauge};
inline constexpr Definition process_virtual_memory{
    "process_virtual_memory_bytes", "Virtual memory size in bytes.", prometheus::MetricType::Gauge};
inline constexpr Definition process_open_fds{"process_open_fds", "Number of open file descriptors.",
                                             prometheus::MetricType::Gauge};
inline constexpr Definition process_start_time{
    "process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
    prometheus::MetricType::Gauge};

inline constexpr std::string_view label_endpoint = "endpoint";
inline constexpr std::string_view label_method = "method";
inline constexpr std::string_view label_status_code = "status_code";
inline constexpr std::string_view label_model_version = "model_version";
inline constexpr std::string_view label_status = "status";
inline constexpr std::string_view label_version = "version";
inline constexpr std::string_view label_commit = "commit";
inline constexpr std::string_view label_format = "format";
inline constexpr std::string_view label_sha256 = "sha256";
inline constexpr std::string_view label_worker = "worker";
inline constexpr std::string_view label_event = "event";
inline constexpr std::string_view label_result = "result";

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

// What a process counts besides requests; the order is that of event_names.
enum class Event : unsigned char {
    // of its slot
    attach_failed,
    damaged_set_aside,
    layout_migrated,
    // of its surroundings
    log_line_dropped,
    push_success,
    push_failure,
    // of requests
    request_timeout
};
inline constexpr std::array<std::string_view, 7> event_names = {
    "attach_failed", "damaged_set_aside", "layout_migrated", "log_line_dropped",
    "push_success",  "push_failure",      "request_timeout"};
inline constexpr std::size_t store_event_count = 3;  // the first ones

}  // namespace appcore::store::metric
