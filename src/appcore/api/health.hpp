// GET /health: whether this worker can predict.
#pragma once

#include "appcore/api/route.hpp"
#include "appcore/models/prediction_model.hpp"
#include "appcore/system/clock.hpp"

namespace appcore::api {

// 200 with {"status","timestamp","checks"} while the model is healthy, otherwise 503 with the
// checks as detail. The uptime counts from this call, on the steady clock, in seconds with two
// decimals. The references outlive the action.
[[nodiscard]] Action health_action(const models::PredictionModel& model,
                                   const system::Clock& clock);

}  // namespace appcore::api
