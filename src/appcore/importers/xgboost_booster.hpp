// What an XGBoost document has of its booster beside the trees themselves.
#pragma once

#include "appcore/importers/document.hpp"
#include "appcore/importers/source.hpp"

namespace appcore::importers {

// Completes `source`, whose base and outputs are known and whose trees have been added, all to
// output 0: their groups, weights and number, or a linear model's weights. `best_iteration` is the
// attribute that early stopping leaves; nothing without it.
[[nodiscard]] Status read_xgboost_booster(const Value& booster, const Value* best_iteration,
                                          TreeChoice trees, Source& source);

}  // namespace appcore::importers
