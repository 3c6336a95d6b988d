// One tree of an XGBoost document.
#pragma once

#include "appcore/importers/document.hpp"
#include "appcore/importers/forest_builder.hpp"
#include "appcore/result.hpp"

namespace appcore::importers {

// Adds the tree to `forest`, output 0. The error does not say which tree it is, unless the nodes
// do not form a tree.
[[nodiscard]] Status add_xgboost_tree(const Value& tree, ForestBuilder& forest);

}  // namespace appcore::importers
