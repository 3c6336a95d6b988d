// What a pipeline does before its estimator, in a document of appcore_export.py.
#pragma once

#include "appcore/importers/document.hpp"
#include "appcore/importers/source.hpp"

namespace appcore::importers {

// Adds the steps to `source`, whose number of features is known. Returns whether one of them fills
// in missing values.
[[nodiscard]] Result<bool> read_export_steps(const Value& steps, Source& source);

}  // namespace appcore::importers
