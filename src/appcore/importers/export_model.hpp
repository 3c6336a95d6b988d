// The part "model" of a document of appcore_export.py, but for its trees, and "golden".
#pragma once

#include "appcore/importers/document.hpp"
#include "appcore/importers/source.hpp"
#include "appcore/result.hpp"

namespace appcore::importers {

// Completes `source`, whose features, outputs and trees are known: kind, link, where sums begin,
// what they are divided by, weights, and whether a class is chosen before or after the link.
// `documented_trees` is the number of trees in the document, one of which may have been added for
// each output.
[[nodiscard]] Status read_export_model(const Value& model, std::size_t documented_trees,
                                       Source& source);

// Sets the golden rows, with the predictions of the output that has been chosen.
[[nodiscard]] Status read_export_golden(const Value& golden, Source& source);

}  // namespace appcore::importers
