// Whether a model predicts what the library that trained it predicted.
#pragma once

#include <vector>

#include "appcore/importers/source.hpp"
#include "appcore/models/model_view.hpp"

namespace appcore::importers {

// The model's own predictions for golden.rows. Fails at the first one that differs from
// golden.predictions: in a bit, or, if the model is not exact, by more than rounding explains.
[[nodiscard]] Result<std::vector<double>> check_golden(const models::ModelView& view,
                                                       const Golden& golden, bool is_exact);

}  // namespace appcore::importers
