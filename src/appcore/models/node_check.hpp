// The trees of a file before anybody walks them.
#pragma once

#include "appcore/models/model_view.hpp"

namespace appcore::models {

// Whether every tree of `view`, whose other parts are checked, is one: each node has one parent,
// before itself, so that there is no cycle; each index is inside its table, each threshold and leaf
// a number that it may be; the tree's depth is the one announced, so that the steps of a
// prediction are bounded; unused nodes are zero.
[[nodiscard]] Status check_nodes(const ModelView& view);

}  // namespace appcore::models
