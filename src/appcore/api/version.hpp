// GET /version: which service, API and model answer.
#pragma once

#include <string_view>

#include "appcore/api/route.hpp"
#include "appcore/models/prediction_model.hpp"

namespace appcore::api {

inline constexpr std::string_view kVersion =
    APPCORE_VERSION;  // from the file VERSION, by the Makefile

// The model outlives the action.
[[nodiscard]] Action version_action(const models::PredictionModel& model);

}  // namespace appcore::api
