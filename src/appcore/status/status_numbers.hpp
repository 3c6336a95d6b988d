// The parts of the /status document that are sums and rates.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "appcore/metrics/history.hpp"
#include "appcore/store/totals.hpp"

namespace appcore::status {

// With three decimals: nobody reads more, and the document stays small. Null for nothing.
// Percentiles have five, since they are milliseconds and some are few microseconds.
[[nodiscard]] nlohmann::ordered_json rounded(std::optional<double> value);

// {"requests", "errors", "predictions", "by_status"}: all that was ever counted, /status included.
[[nodiscard]] nlohmann::ordered_json totals_json(const store::Totals& totals);

// {"seconds", "requests_per_second", "errors_per_second", "error_ratio", "latency_ms",
// "wait_ms", "duration_ms"}, where "seconds" is the time that they are about. Percentiles: of the
// workers' own time, the waiting before it, and both together, which is the latency.
[[nodiscard]] nlohmann::ordered_json traffic_json(const metrics::Traffic& traffic);

// {"step_seconds", "requests_per_second", "errors_per_second", "p50_ms", "p99_ms", "latency_ms",
// "wait_ms", "duration_ms"}: a number or null for each step; the last three have p50, p90 and p99,
// and those of the latency stand there under their old names, too.
[[nodiscard]] nlohmann::ordered_json history_json(const std::vector<metrics::Traffic>& steps);

}  // namespace appcore::status
