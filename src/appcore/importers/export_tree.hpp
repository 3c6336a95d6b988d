// One tree of a document of appcore_export.py.
#pragma once

#include <optional>

#include "appcore/importers/document.hpp"
#include "appcore/importers/forest_builder.hpp"
#include "appcore/models/acm_format.hpp"
#include "appcore/result.hpp"

namespace appcore::importers {

struct ExportTreeFacts {
    models::acm::Arithmetic input{};
    bool exact_categories = false;  // a fraction is unknown, instead of its integer part
    std::uint32_t features = 0;
    std::uint32_t outputs = 0;
    std::optional<std::uint32_t> only_output;  // of trees for all outputs, the one that is wanted
};

// Adds the tree to `forest`, once for each output that it adds to. `takes_missing` becomes false if
// it does not say where missing values go. The error does not always say which tree it is.
[[nodiscard]] Status add_export_tree(const Value& tree, const ExportTreeFacts& facts,
                                     ForestBuilder& forest, bool& takes_missing);

}  // namespace appcore::importers
