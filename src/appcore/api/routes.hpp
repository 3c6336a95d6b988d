// The routes of a worker: everything but /metrics and /status, which the metrics program serves.
#pragma once

#include <vector>

#include "appcore/api/route.hpp"
#include "appcore/models/prediction_model.hpp"
#include "appcore/system/clock.hpp"
#include "appcore/system/ids.hpp"

namespace appcore::api {

// The references outlive the routes.
[[nodiscard]] std::vector<Route> worker_routes(const models::PredictionModel& model,
                                               const system::Clock& clock, system::IdSource& ids);

}  // namespace appcore::api
