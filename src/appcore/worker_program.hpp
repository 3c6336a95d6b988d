// The program of one worker, for whatever model it is to serve.
#pragma once

#include <span>

#include "appcore/models/prediction_model.hpp"

namespace appcore {

// Serves `model`, which outlives the call, until SIGTERM; `arguments` are those of main() without
// the program's name. Returns the exit code (program.hpp).
[[nodiscard]] int run_worker(const models::PredictionModel& model,
                             std::span<const char* const> arguments);

}  // namespace appcore
