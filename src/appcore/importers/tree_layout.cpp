#include "appcore/importers/tree_layout.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <string>

#include "appcore/models/limits.hpp"

namespace appcore::importers {
namespace {

Error wrong(std::size_t node, std::string_view what) {
    return Error{"node " + std::to_string(node) + " " + std::string(what)};
}

// The nodes that the root leads to, parents before children.
Result<std::vector<std::uint32_t>> order_of(std::span<const TreeNode> nodes, std::uint32_t& depth) {
    std::vector<std::uint16_t> depths(nodes.size(), 0);  // 0: not reached; the root has 1
    std::vector<std::uint32_t> order{0};
    depths.front() = 1;
    for (std::size_t i = 0; i < order.size(); ++i) {
        const std::uint32_t node = order[i];
        depth = std::max(depth, depths[node] - 1U);
        if (nodes[node].is_leaf()) continue;
        if (depths[node] > models::kMaxDepth) {
            return wrong(node, "is deeper than " + std::to_string(models::kMaxDepth) + " splits");
        }
        for (const std::int32_t child : {nodes[node].left, nodes[node].right}) {
            if (child < 0 || static_cast<std::size_t>(child) >= nodes.size()) {
                return wrong(node, "has a child " + std::to_string(child) + " that does not exist");
            }
            const auto index = static_cast<std::uint32_t>(child);
            if (depths[index] != 0) {
                return wrong(index, "has two parents, or is its own ancestor");
            }
            depths[index] = static_cast<std::uint16_t>(depths[node] + 1);
            order.push_back(index);
        }
    }
    return order;
}

class Placement {
  public:
    Placement(std::span<const TreeNode> nodes, std::span<const std::uint32_t> order,
              std::uint32_t nodes_per_line)
        : nodes_(nodes), per_line_(nodes_per_line / 2), small_(per_line_) {
        layout_.positions.assign(nodes.size(), kNowhere);
        // How many pairs of children are below each node.
        pairs_.assign(nodes.size(), 0);
        for (std::size_t i = order.size(); i-- > 0;) {
            const std::uint32_t node = order[i];
            if (nodes[node].is_leaf()) continue;
            pairs_[node] = 1 + pairs_[left(node)] + pairs_[right(node)];
        }
    }

    TreeLayout run() {
        layout_.positions.front() = 0;
        layout_.size = 2 * per_line_;
        if (pairs_.front() > 0) fill(0, 1, 0);  // the root takes the place of a pair
        while (!waiting_.empty()) {
            const std::uint32_t node = waiting_.front();
            waiting_.pop_front();
            fill(new_line(), 0, node);
        }
        // Subtrees that leave room in a line share one, the largest with what fits beside it.
        for (std::size_t pairs = per_line_; pairs-- > 1;) {
            while (!small_[pairs].empty()) share_line(pairs);
        }
        return std::move(layout_);
    }

  private:
    [[nodiscard]] std::uint32_t left(std::uint32_t node) const {
        return static_cast<std::uint32_t>(nodes_[node].left);
    }
    [[nodiscard]] std::uint32_t right(std::uint32_t node) const {
        return static_cast<std::uint32_t>(nodes_[node].right);
    }

    std::uint32_t new_line() {
        const std::uint32_t line = layout_.size;
        layout_.size += 2 * per_line_;
        return line;
    }

    // Places the children of `head` and what is below them, level by level, into the line from pair
    // `first` on, as far as there is room. The rest waits for lines of its own.
    std::uint32_t fill(std::uint32_t line, std::uint32_t first, std::uint32_t head) {
        std::deque<std::uint32_t> heads{head};
        std::uint32_t pair = first;
        for (; pair < per_line_ && !heads.empty(); ++pair) {
            const std::uint32_t node = heads.front();
            heads.pop_front();
            layout_.positions[left(node)] = line + 2 * pair;
            layout_.positions[right(node)] = line + 2 * pair + 1;
            for (const std::uint32_t child : {left(node), right(node)}) {
                if (pairs_[child] > 0) heads.push_back(child);
            }
        }
        for (const std::uint32_t node : heads) {
            if (pairs_[node] < per_line_) {
                small_[pairs_[node]].push_back(node);
            } else {
                waiting_.push_back(node);
            }
        }
        return pair;
    }

    void share_line(std::size_t pairs) {
        const std::uint32_t line = new_line();
        std::uint32_t used = 0;
        for (std::size_t size = pairs; size > 0; --size) {
            while (used + size <= per_line_ && !small_[size].empty()) {
                const std::uint32_t node = small_[size].front();
                small_[size].pop_front();
                used = fill(line, used, node);
            }
        }
    }

    std::span<const TreeNode> nodes_;
    std::uint32_t per_line_;  // pairs
    std::vector<std::uint32_t> pairs_;
    std::deque<std::uint32_t> waiting_;
    std::vector<std::deque<std::uint32_t>> small_;  // by their number of pairs
    TreeLayout layout_;
};

}  // namespace

Result<TreeLayout> lay_out(std::span<const TreeNode> nodes, std::uint32_t nodes_per_line) {
    if (nodes.empty()) return Error{"it has no nodes"};
    std::uint32_t depth = 0;
    const auto order = order_of(nodes, depth);
    if (!order) return order.error();
    TreeLayout layout = Placement(nodes, order.value(), nodes_per_line).run();
    layout.depth = depth;
    return layout;
}

}  // namespace appcore::importers
