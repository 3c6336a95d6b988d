// From the roots of trees to the leaves that a row belongs to.
//
// Several trees are walked in step. A walk has no branch that depends on the row (a processor would
// guess half of them wrong), and while one tree's next node comes from memory the others go on.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "appcore/models/columns.hpp"
#include "appcore/models/model_view.hpp"

namespace appcore::models {

// Trees in step. More of them wait for memory at the same time, but need more registers than the
// processor has; what they gain shows where a model is larger than the caches near it.
inline constexpr std::size_t kFewTrees = 8;
inline constexpr std::size_t kManyTrees = 16;

// Steps between looks whether all trees in step have arrived, where they are of unequal depth.
inline constexpr std::uint32_t kStepsBetweenLooks = 4;

// Whether `category` of a row's column is in the set with the index `set`.
[[nodiscard]] inline bool is_in_set(const ModelView& view, std::uint64_t set,
                                    std::uint32_t category) {
    if (category == kEveryCategory) return true;
    const acm::Set& place = view.sets[set];
    const std::uint32_t word = category / 32;
    if (word >= place.words) return false;  // kNoCategory, too
    return ((view.set_words[place.first_word + word] >> (category % 32)) & 1U) != 0;
}

// One step of one tree: where `node` leads. A leaf leads to itself.
template <bool kHasCategories, typename Node>
[[nodiscard]] inline const Node* next_node(const ModelView& view, const Node* node,
                                           const typename Node::Key* columns) {
    const std::uint32_t left = node->left();
    const std::uint32_t column = node->column();
    if constexpr (kHasCategories) {
        if (column >= view.first_category) {
            const auto category = static_cast<std::uint32_t>(columns[column]);
            return node + left + (is_in_set(view, node->key - 1, category) ? 0 : 1);
        }
    }
    return node + left + (columns[column] < node->key ? 0U : 1U);
}

// Calls `at_leaf(tree, key)` for all of view.trees in their order.
template <std::size_t kTrees, bool kHasCategories, typename Node, typename AtLeaf>
void walk_trees(const ModelView& view, std::span<const Node> nodes,
                const typename Node::Key* columns, AtLeaf at_leaf) {
    const std::span<const acm::Tree> trees = view.trees;
    for (std::size_t first = 0; first < trees.size(); first += kTrees) {
        const std::size_t count = std::min(kTrees, trees.size() - first);
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): each is set below
        std::array<const Node*, kTrees> at;
        std::uint32_t depth = 0;
#pragma GCC unroll 16
        for (std::size_t i = 0; i < kTrees; ++i) {
            // Beyond the last tree it is walked again, for nothing.
            const acm::Tree& tree = trees[first + std::min(i, count - 1)];
            at[i] = nodes.data() + tree.first_node;
            depth = std::max(depth, tree.depth);
        }
        for (std::uint32_t done = 0; done < depth;) {
            const std::uint32_t steps = std::min(depth - done, kStepsBetweenLooks);
            for (std::uint32_t step = 0; step < steps; ++step) {
#pragma GCC unroll 16
                for (std::size_t i = 0; i < kTrees; ++i) {
                    at[i] = next_node<kHasCategories>(view, at[i], columns);
                }
            }
            done += steps;
            if (done >= depth) break;
            std::uint32_t still = 0;
#pragma GCC unroll 16
            for (std::size_t i = 0; i < kTrees; ++i) still |= at[i]->column();
            if (still == 0) break;
        }
        for (std::size_t i = 0; i < count; ++i) at_leaf(trees[first + i], at[i]->key);
    }
}

}  // namespace appcore::models
