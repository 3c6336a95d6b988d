// What a worker does at the moment.
#pragma once

#include <array>
#include <string_view>

#include "appcore/metrics/collector.hpp"

namespace appcore::metrics {

// `stopped`: alive, but halted by SIGSTOP or a debugger, whatever it had at hand. The order is that
// of kActivityNames.
enum class Activity : unsigned char { idle, busy, stopped, dead };
inline constexpr std::array<std::string_view, 4> kActivityNames = {"idle", "busy", "stopped",
                                                                   "dead"};

// Asks the kernel about a living worker. One that cannot be asked counts as not stopped.
[[nodiscard]] Activity activity_of(const WorkerState& worker);

// Whether the pool is healthy and a living worker for this machine is there that is not stopped.
[[nodiscard]] bool can_predict(const PoolSnapshot& pool);

}  // namespace appcore::metrics
