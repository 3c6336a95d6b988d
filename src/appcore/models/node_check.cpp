#include "appcore/models/node_check.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "appcore/models/limits.hpp"
#include "appcore/models/ordered.hpp"

namespace appcore::models {
namespace {

// The keys that leaves and thresholds may have. A threshold may be infinite: where "<= t" is stored
// as "< the next number".
template <typename Key>
struct Keys;
template <>
struct Keys<std::uint32_t> {
    using Number = float;
};
template <>
struct Keys<std::uint64_t> {
    using Number = double;
};

template <typename Key>
bool is_finite_key(Key key) {
    using Number = typename Keys<Key>::Number;
    constexpr Number kLargest = std::numeric_limits<Number>::max();
    return key >= ordered(-kLargest) && key <= ordered(kLargest);
}

template <typename Key>
bool is_threshold(Key key) {
    using Number = typename Keys<Key>::Number;
    return is_finite_key(key) || key == ordered(std::numeric_limits<Number>::infinity());
}

template <typename Node>
class TreeCheck {
  public:
    TreeCheck(const ModelView& view, std::span<const Node> nodes) : view_(view), nodes_(nodes) {}

    // The depth of the tree, or what is wrong with it.
    Result<std::uint32_t> check(const acm::Tree& tree) {
        const auto nodes = nodes_.subspan(tree.first_node, tree.nodes);
        depths_.assign(nodes.size(), 0);
        depths_.front() = 1;
        std::uint32_t deepest = 0;
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            const Node node = nodes[i];
            if (depths_[i] == 0) {
                if (!is_unused(node)) return wrong(i, "has no parent");
                continue;
            }
            if (node.column() == 0) {
                if (node.left() != 0) return wrong(i, "is a leaf with children");
                if (!is_leaf(node.key)) return wrong(i, "has no valid leaf");
                deepest = std::max(deepest, depths_[i] - 1U);
                continue;
            }
            if (!is_split(node)) return wrong(i, "has no valid split");
            const std::size_t left = i + node.left();
            if (node.left() == 0 || left + 1 >= nodes.size()) return wrong(i, "has no children");
            if (depths_[left] != 0 || depths_[left + 1] != 0) {
                return wrong(i, "shares a child with another node");
            }
            if (depths_[i] > kMaxDepth) return wrong(i, "is too deep");
            depths_[left] = depths_[left + 1] = static_cast<std::uint16_t>(depths_[i] + 1);
        }
        return deepest;
    }

  private:
    static Error wrong(std::size_t node, std::string_view what) {
        return Error{"node " + std::to_string(node) + " " + std::string(what)};
    }

    static bool is_unused(const Node& node) {
        return node.key == 0 && node.left() == 0 && node.column() == 0;
    }

    [[nodiscard]] bool is_leaf(typename Node::Key key) const {
        switch (view_.facts.leaf_kind) {
            case acm::LeafKind::inline_value:
                return is_finite_key(key);
            case acm::LeafKind::table:
                return key != 0 && key <= view_.leaves.size();
            case acm::LeafKind::linear:
                return key != 0 && key <= view_.linear_leaves.size();
        }
        return false;
    }

    [[nodiscard]] bool is_split(const Node& node) const {
        if (node.column() >= view_.columns.size()) return false;
        if (node.column() >= view_.first_category) {
            return node.key != 0 && node.key <= view_.sets.size();
        }
        return is_threshold(node.key);
    }

    const ModelView& view_;
    std::span<const Node> nodes_;
    std::vector<std::uint16_t> depths_;  // of the nodes reached, the root has 1
};

template <typename Node>
Status check_trees(const ModelView& view, std::span<const Node> nodes) {
    TreeCheck<Node> checker(view, nodes);
    std::uint64_t end = 0;
    std::uint64_t steps = 0;
    for (std::size_t i = 0; i < view.trees.size(); ++i) {
        const acm::Tree& tree = view.trees[i];
        const std::string name = "the file is not a valid model: tree " + std::to_string(i);
        if (tree.first_node != end || tree.nodes == 0 || tree.nodes > nodes.size() - end) {
            return Error{name + " has no place of its own"};
        }
        if (tree.output >= view.facts.outputs) return Error{name + " adds to no output"};
        end += tree.nodes;
        const Result<std::uint32_t> depth = checker.check(tree);
        if (!depth) return Error{name + ": " + depth.error().message};
        if (depth.value() != tree.depth) return Error{name + " has another depth than announced"};
        steps += tree.depth;
    }
    if (end != nodes.size()) return Error{"the file is not a valid model: nodes without a tree"};
    if (steps > kMaxSteps) {
        return Error{"the trees have " + std::to_string(steps) +
                     " levels together; one prediction may take " + std::to_string(kMaxSteps)};
    }
    return Done{};
}

}  // namespace

Status check_nodes(const ModelView& view) {
    if (view.trees.size() > kMaxTrees) return Error{"the model has too many trees"};
    const std::size_t nodes = view.small_nodes.size() + view.large_nodes.size();
    if (nodes > kMaxNodes) return Error{"the model has too many nodes"};
    return view.facts.node_kind == acm::NodeKind::small ? check_trees(view, view.small_nodes)
                                                        : check_trees(view, view.large_nodes);
}

}  // namespace appcore::models
