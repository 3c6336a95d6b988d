// Where the nodes of a tree go in memory.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "appcore/importers/forest_builder.hpp"
#include "appcore/result.hpp"

namespace appcore::importers {

inline constexpr std::uint32_t kNowhere = 0xFFFFFFFF;

struct TreeLayout {
    std::vector<std::uint32_t>
        positions;            // of each node; kNowhere for what the root does not lead to
    std::uint32_t size = 0;   // places, with those that stay empty; whole cache lines
    std::uint32_t depth = 0;  // splits on the longest path
};

// Places `nodes`, of which `nodes_per_line` fit into a cache line. The root is at 0; siblings are
// beside each other, the left one at an even place, behind their parent. A parent's children and
// grandchildren share a cache line as far as they fit, so that a walk touches about half as many
// lines as levels.
//
// Refuses what is not a tree: children out of range, a node with two parents or one child, more
// than kMaxDepth levels. The error names the node.
[[nodiscard]] Result<TreeLayout> lay_out(std::span<const TreeNode> nodes,
                                         std::uint32_t nodes_per_line);

}  // namespace appcore::importers
