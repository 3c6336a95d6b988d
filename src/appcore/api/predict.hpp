// POST /predict: a list of numbers in, the model's prediction out.
#pragma once

#include "appcore/api/route.hpp"
#include "appcore/models/prediction_model.hpp"
#include "appcore/system/clock.hpp"
#include "appcore/system/ids.hpp"

namespace appcore::api {

// 201 with {"prediction_id","result","model_version","created_at"}; 422 or 400 for a body that is
// no good; 503 while the model is not healthy. The references outlive the action.
[[nodiscard]] Action predict_action(const models::PredictionModel& model,
                                    const system::Clock& clock, system::IdSource& ids);

}  // namespace appcore::api
