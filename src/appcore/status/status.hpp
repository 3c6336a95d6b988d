// GET /status: the pool at a glance.
#pragma once

#include "appcore/api/route.hpp"
#include "appcore/metrics/collector.hpp"
#include "appcore/metrics/history.hpp"
#include "appcore/status/status_report.hpp"
#include "appcore/system/clock.hpp"

namespace appcore::status {

// JSON (status_report.hpp), or a page for whoever prefers HTML, as a browser does. The references
// outlive the action.
[[nodiscard]] api::Action status_action(metrics::Collector& collector,
                                        const metrics::History& history, const system::Clock& clock,
                                        ServiceFacts facts);

}  // namespace appcore::status
