// What XGBoost makes of margins, and of the base score.
#pragma once

#include "appcore/importers/document.hpp"
#include "appcore/importers/source.hpp"

namespace appcore::importers {

// Sets link, objective and, from the text of base_score, base of `source`, whose outputs are known.
// `objective` is the member of that name. Unknown objectives, and scores outside the link's domain,
// are refused by name.
[[nodiscard]] Status read_xgboost_objective(const Value& value, std::string_view base_score,
                                            Source& source);

}  // namespace appcore::importers
