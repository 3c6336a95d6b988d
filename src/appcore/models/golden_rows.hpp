// The rows in a model's file whose predictions are known.
#pragma once

#include "appcore/models/evaluator.hpp"
#include "appcore/models/model_view.hpp"

namespace appcore::models {

// Predicts each golden row of `view` with `evaluator`, which is of the same model. Fails at the
// first prediction that is not the stored one bit by bit: the file, or the machine, computes
// something else.
[[nodiscard]] Status run_golden_rows(const ModelView& view, Evaluator& evaluator);

}  // namespace appcore::models
