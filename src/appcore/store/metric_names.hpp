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

inline constexpr Definition kHttpRequests{"http_requests_total", "Total HTTP requests",
                                          prometheus::MetricType::Counter};
inline constexpr Definition kHttpRequestDuration{"http_request_duration_seconds",
                                                 "HTTP request duration in seconds",
                                                 prometheus::MetricType::Histogram};
inline constexpr Definition kPredictions{"predictions_total", "Total predictions made",
                                         prometheus::MetricType::Counter};
inline constexpr Definition kPredictionDuration{"prediction_duration_seconds",
                                                "Prediction inference duration",
                                                prometheus::MetricType::Histogram};
inline constexpr Definition kAppHealthStatus{"app_health_status",
                                             "Application health (1=healthy, 0=unhealthy)",
                                             prometheus::MetricType::Gauge};
inline constexpr Definition kAppInfo{"app_info", "Application metadata",
                                     prometheus::MetricType::Gauge};

// What the old service did not have.
inline constexpr Definition kBuildInfo{
    "appcore_build_info", "Version and commit of the running build", prometheus::MetricType::Gauge};
inline constexpr Definition kModelInfo{"appcore_model_info",
                                       "The model that is served, of a file: always 1",
                                       prometheus::MetricType::Gauge};
inline constexpr Definition kModelWorkers{"appcore_model_workers",
                                          "Living workers that predict with the model",
                                          prometheus::MetricType::Gauge};
inline constexpr Definition kCertificateEnd{
    "appcore_tls_certificate_not_after_seconds",
    "When the certificate of the TLS listener expires, since the epoch",
    prometheus::MetricType::Gauge};
inline constexpr Definition kWorkers{"appcore_workers", "Workers that the pool should have",
                                     prometheus::MetricType::Gauge};
inline constexpr Definition kWorkerUp{"appcore_worker_up",
                                      "Whether the process is alive (1) or not (0)",
                                      prometheus::MetricType::Gauge};
inline constexpr Definition kWorkerBusy{"appcore_worker_busy",
                                        "Whether the process has a request at hand (1) or not (0)",
                                        prometheus::MetricType::Gauge};
inline constexpr Definition kWorkerRequests{
    "appcore_worker_requests_total", "Requests that the process and its predecessors answered",
    prometheus::MetricType::Counter};
inline constexpr Definition kWorkerStarts{"appcore_worker_starts_total",
                                          "Processes that have held this place in the pool",
                                          prometheus::MetricType::Counter};
inline constexpr Definition kWorkerMemory{"appcore_worker_resident_memory_bytes",
                                          "Resident memory of the process",
                                          prometheus::MetricType::Gauge};
inline constexpr Definition kWorkerStartTime{"appcore_worker_start_time_seconds",
                                             "Start of the process since the epoch",
                                             prometheus::MetricType::Gauge};
inline constexpr Definition kWorkerIdleTime{"appcore_worker_last_activity_age_seconds",
                                            "Time since the process began or ended a request",
                                            prometheus::MetricType::Gauge};
inline constexpr Definition kWorkersUnattached{
    "appcore_workers_unattached",
    "Processes without a slot, whose counts are in their own memory only",
    prometheus::MetricType::Gauge};
inline constexpr Definition kRequestsInFlight{"appcore_requests_in_flight",
                                              "Requests that workers have at hand",
                                              prometheus::MetricType::Gauge};
inline constexpr Definition kQueueLength{"appcore_queue_length",
                                         "Connections that wait for a worker to accept them",
                                         prometheus::MetricType::Gauge};
inline constexpr Definition kStoreEvents{"appcore_store_events_total",
                                         "What happened to the metrics' own store besides counting",
                                         prometheus::MetricType::Counter};
inline constexpr Definition kLogLinesDropped{"appcore_log_lines_dropped_total",
                                             "Log lines that could not be written",
                                             prometheus::MetricType::Counter};
inline constexpr Definition kRequestTimeouts{
    "appcore_request_timeouts_total", "Requests that hung and were ended together with the process",
    prometheus::MetricType::Counter};
inline constexpr Definition kPushes{"appcore_pushes_total", "Pushes to the Pushgateway by result",
                                    prometheus::MetricType::Counter};
// Durations in finer buckets than the old service's, which begin at 5 ms.
inline constexpr Definition kRequestDuration{
    "appcore_request_duration_seconds",
    "Time from a request's first byte at the worker to its finished reply",
    prometheus::MetricType::Histogram};
inline constexpr Definition kRequestWait{
    "appcore_request_wait_seconds",
    "Time from the web server having a request to the worker's beginning with it",
    prometheus::MetricType::Histogram};
inline constexpr Definition kRequestLatency{"appcore_request_latency_seconds",
                                            "Waiting and duration of a request together",
                                            prometheus::MetricType::Histogram};
inline constexpr Definition kKeyRequests{"appcore_key_requests_total",
                                         "Replies to requests with an API key, by its name",
                                         prometheus::MetricType::Counter};
inline constexpr Definition kModelDuration{"appcore_prediction_duration_seconds",
                                           "Time of the model alone in a prediction",
                                           prometheus::MetricType::Histogram};
inline constexpr Definition kRequestsWaiting{
    "appcore_requests_waiting",
    "Requests that no worker has begun, on new connections and on those that workers hold",
    prometheus::MetricType::Gauge};

// Of the pool as one, under the names that every Prometheus client uses.
inline constexpr Definition kProcessResidentMemory{"process_resident_memory_bytes",
                                                   "Resident memory size in bytes.",
                                                   prometheus::MetricType::Gauge};
inline constexpr Definition kProcessVirtualMemory{
    "process_virtual_memory_bytes", "Virtual memory size in bytes.", prometheus::MetricType::Gauge};
inline constexpr Definition kProcessOpenFds{"process_open_fds", "Number of open file descriptors.",
                                            prometheus::MetricType::Gauge};
inline constexpr Definition kProcessStartTime{
    "process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
    prometheus::MetricType::Gauge};

inline constexpr std::string_view kLabelEndpoint = "endpoint";
inline constexpr std::string_view kLabelMethod = "method";
inline constexpr std::string_view kLabelStatusCode = "status_code";
inline constexpr std::string_view kLabelModelVersion = "model_version";
inline constexpr std::string_view kLabelStatus = "status";
inline constexpr std::string_view kLabelVersion = "version";
inline constexpr std::string_view kLabelCommit = "commit";
inline constexpr std::string_view kLabelFormat = "format";
inline constexpr std::string_view kLabelSha256 = "sha256";
inline constexpr std::string_view kLabelWorker = "worker";
inline constexpr std::string_view kLabelEvent = "event";
inline constexpr std::string_view kLabelResult = "result";
inline constexpr std::string_view kLabelKey = "key";
inline constexpr std::string_view kLabelStatusClass = "status_class";

// The label value that stands for everything a bounded list has no place for.
inline constexpr std::string_view kOther = "other";

// Upper bounds in nanoseconds, inclusive; the bucket without a bound (+Inf) follows the last.
inline constexpr std::array<std::uint64_t, 11> kRequestBoundsNs = {
    5'000'000,   10'000'000,    25'000'000,    50'000'000,    100'000'000,   250'000'000,
    500'000'000, 1'000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000};
inline constexpr std::array<std::uint64_t, 9> kPredictionBoundsNs = {
    1'000'000,   5'000'000,   10'000'000,    25'000'000,   50'000'000,
    100'000'000, 500'000'000, 1'000'000'000, 5'000'000'000};

// Classes of status codes from 200 on.
inline constexpr std::array<std::string_view, 4> kStatusClassNames = {"2xx", "3xx", "4xx", "5xx"};

// How a prediction ended; the order is that of kOutcomeNames.
enum class Outcome : unsigned char { success, error };
inline constexpr std::array<std::string_view, 2> kOutcomeNames = {"success", "error"};

// What a process counts besides requests; the order is that of kEventNames.
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
inline constexpr std::array<std::string_view, 7> kEventNames = {
    "attach_failed", "damaged_set_aside", "layout_migrated", "log_line_dropped",
    "push_success",  "push_failure",      "request_timeout"};
inline constexpr std::size_t kStoreEventCount = 3;  // the first ones

}  // namespace appcore::store::metric
