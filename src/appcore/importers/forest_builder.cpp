#include "appcore/importers/forest_builder.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "appcore/importers/tree_layout.hpp"
#include "appcore/models/limits.hpp"
#include "appcore/models/ordered.hpp"

namespace appcore::importers {
namespace {

using models::acm::ColumnKind;
using models::acm::LargeNode;
using models::acm::LeafKind;
using models::acm::NodeKind;
using models::acm::SmallNode;

constexpr std::uint32_t kWordBits = 32;

template <typename Node>
constexpr std::uint32_t kNodesPerLine = models::acm::kAlignment / sizeof(Node);

// A small node as a large one. Leaves and thresholds of float models are exact as doubles.
LargeNode widened(const SmallNode& node, bool has_index) {
    const bool unused = node.key == 0;
    const LargeNode::Key key =
        unused || has_index
            ? node.key
            : models::ordered_exactly(static_cast<double>(models::from_ordered(node.key)));
    return LargeNode::make(node.left(), node.column(), key);
}

}  // namespace

Error in_tree(std::size_t tree, const Error& error) {
    if (error.message.starts_with("tree ") || error.message.starts_with("the model ")) return error;
    return Error{"tree " + std::to_string(tree) + ": " + error.message};
}

std::uint32_t ForestBuilder::column(std::uint32_t feature, ColumnKind kind) {
    features_ = std::max(features_, feature + 1);
    const auto next = static_cast<std::uint32_t>(columns_.size());
    const auto [found, is_new] = column_indices_.try_emplace({feature, kind}, next);
    if (is_new) columns_.push_back({feature, kind});
    return found->second;
}

Result<std::uint32_t> ForestBuilder::add_set(std::span<const std::uint32_t> categories) {
    std::uint32_t largest = 0;
    for (const std::uint32_t category : categories) {
        if (category >= models::kMaxCategory) {
            return Error{"category " + std::to_string(category) + " is not below " +
                         std::to_string(models::kMaxCategory)};
        }
        largest = std::max(largest, category);
    }
    std::vector<std::uint32_t> words(largest / kWordBits + 1);
    for (const std::uint32_t category : categories) {
        words[category / kWordBits] |= 1U << (category % kWordBits);
    }
    const auto next = static_cast<std::uint32_t>(sets_.size());
    const auto [found, is_new] = set_indices_.try_emplace(std::move(words), next);
    if (is_new) {
        if (set_words_.size() + found->first.size() > models::kMaxNodes) {
            return Error{"the sets of categories are too large together"};
        }
        sets_.push_back({static_cast<std::uint32_t>(set_words_.size()),
                         static_cast<std::uint32_t>(found->first.size())});
        set_words_.insert(set_words_.end(), found->first.begin(), found->first.end());
    }
    return found->second;
}

std::uint32_t ForestBuilder::add_linear_leaf(double if_missing, double constant,
                                             std::span<const models::acm::Term> terms) {
    for (const models::acm::Term& term : terms) features_ = std::max(features_, term.feature + 1);
    linear_leaves_.push_back({if_missing, constant, static_cast<std::uint32_t>(terms_.size()),
                              static_cast<std::uint32_t>(terms.size())});
    terms_.insert(terms_.end(), terms.begin(), terms.end());
    return static_cast<std::uint32_t>(linear_leaves_.size() - 1);
}

Status ForestBuilder::check_numbers(std::span<const TreeNode> nodes,
                                    std::span<const std::uint32_t> positions) const {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (positions[i] == kNowhere) continue;
        const TreeNode& node = nodes[i];
        const bool is_number =
            node.is_leaf() ? leaf_kind_ != LeafKind::linear : !is_set_column(node.column);
        const bool fits = node.is_leaf() ? std::isfinite(node.value) : !std::isnan(node.value);
        if (is_number && !fits) {
            return Error{"node " + std::to_string(i) + " has a " +
                         (node.is_leaf() ? "leaf" : "threshold") + " that is not finite"};
        }
    }
    return Done{};
}

Status ForestBuilder::add_tree(std::span<const TreeNode> nodes, std::uint32_t output) {
    const std::size_t index = trees_.size();
    if (index >= models::kMaxTrees) {
        return Error{"the model has more than " + std::to_string(models::kMaxTrees) + " trees"};
    }
    if (nodes.size() > models::kMaxNodes) return in_tree(index, Error{"it has too many nodes"});
    const bool small = node_kind_ == NodeKind::small;
    auto layout = lay_out(nodes, small ? kNodesPerLine<SmallNode> : kNodesPerLine<LargeNode>);
    if (!layout) return in_tree(index, layout.error());
    Status checked = check_numbers(nodes, layout.value().positions);
    if (!checked) return in_tree(index, checked.error());
    if (small && !fits_small(nodes, layout.value().positions)) {
        widen();
        return add_tree(nodes, output);
    }
    const std::size_t before = small_.size() + large_.size();
    const TreeLayout& placed = layout.value();
    if (before + placed.size > models::kMaxNodes) {
        return Error{"the model has more than " + std::to_string(models::kMaxNodes) + " nodes"};
    }
    trees_.push_back({static_cast<std::uint32_t>(before), placed.size, placed.depth, output});
    if (small) {
        small_.resize(before + placed.size);
        place(nodes, placed.positions, std::span(small_).subspan(before));
    } else {
        large_.resize(before + placed.size);
        place(nodes, placed.positions, std::span(large_).subspan(before));
    }
    return Done{};
}

bool ForestBuilder::fits_small(std::span<const TreeNode> nodes,
                               std::span<const std::uint32_t> positions) const {
    if (columns_.size() > SmallNode::kMaxColumns) return false;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (positions[i] == kNowhere || nodes[i].is_leaf()) continue;
        const auto left = static_cast<std::size_t>(nodes[i].left);
        if (positions[left] - positions[i] > SmallNode::kMaxLeft) return false;
    }
    return true;
}

template <typename Node>
typename Node::Key ForestBuilder::key_of(const TreeNode& node) {
    using Key = typename Node::Key;
    using Number = std::conditional_t<sizeof(Key) == sizeof(float), float, double>;
    if (!node.is_leaf()) {
        if (is_set_column(node.column)) return Key{node.index} + 1;
    } else if (leaf_kind_ == LeafKind::table) {
        leaves_.push_back(node.value);
        return static_cast<Key>(leaves_.size());
    } else if (leaf_kind_ == LeafKind::linear) {
        return Key{node.index} + 1;
    } else {
        return models::ordered_exactly(static_cast<Number>(node.value));
    }
    return models::ordered(static_cast<Number>(node.value));
}

template <typename Node>
void ForestBuilder::place(std::span<const TreeNode> nodes, std::span<const std::uint32_t> positions,
                          std::span<Node> placed) {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (positions[i] == kNowhere) continue;
        const TreeNode& node = nodes[i];
        const std::uint32_t left =
            node.is_leaf() ? 0 : positions[static_cast<std::size_t>(node.left)] - positions[i];
        const std::uint32_t column = node.is_leaf() ? 0 : node.column;
        placed[positions[i]] = Node::make(left, column, key_of<Node>(node));
    }
}

void ForestBuilder::widen() {
    large_.reserve(small_.size());
    for (const SmallNode& node : small_) {
        const bool is_leaf = node.column() == 0;
        const bool has_index =
            is_leaf ? leaf_kind_ != LeafKind::inline_value : is_set_column(node.column());
        large_.push_back(widened(node, has_index));
    }
    std::vector<SmallNode>().swap(small_);
    node_kind_ = NodeKind::large;
}

void ForestBuilder::scale_leaves(std::size_t tree, float weight) {
    const auto scale = [weight](auto key) {
        const auto value = static_cast<float>(models::from_ordered(key));
        using Number = decltype(models::from_ordered(key));
        return models::ordered_exactly(static_cast<Number>(value * weight));
    };
    const auto scale_all = [&](auto nodes) {
        for (auto& node : nodes) {
            if (node.key != 0 && node.column() == 0) node.key = scale(node.key);
        }
    };
    const models::acm::Tree& place = trees_[tree];
    if (node_kind_ == NodeKind::small) {
        scale_all(std::span(small_).subspan(place.first_node, place.nodes));
    } else {
        scale_all(std::span(large_).subspan(place.first_node, place.nodes));
    }
}

void ForestBuilder::truncate(std::size_t count) {
    if (count >= trees_.size()) return;
    const std::size_t nodes = trees_[count].first_node;
    trees_.resize(count);
    if (node_kind_ == NodeKind::small) {
        small_.resize(nodes);
    } else {
        large_.resize(nodes);
    }
}

void ForestBuilder::finish() {
    std::vector<std::uint32_t> order(columns_.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_partition(order.begin(), order.end(),
                          [this](std::uint32_t i) { return !is_set_column(i); });
    std::vector<std::uint32_t> moved(order.size());
    std::vector<models::acm::Column> columns;
    for (std::uint32_t i = 0; i < order.size(); ++i) {
        moved[order[i]] = i;
        columns.push_back(columns_[order[i]]);
    }
    columns_ = std::move(columns);
    column_indices_.clear();
    for (SmallNode& node : small_) {
        node = SmallNode::make(node.left(), moved[node.column()], node.key);
    }
    for (LargeNode& node : large_) node.column_index = moved[node.column_index];
}

}  // namespace appcore::importers
