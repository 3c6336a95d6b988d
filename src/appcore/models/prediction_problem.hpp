// Why there is no prediction, in words.
#pragma once

#include <string>

#include "appcore/models/evaluator.hpp"

namespace appcore::models {

// "feature 'age' is missing, and the model takes no missing values", for instance. The prediction
// has a problem.
[[nodiscard]] std::string describe_problem(const Prediction& prediction, const ModelView& view);

}  // namespace appcore::models
