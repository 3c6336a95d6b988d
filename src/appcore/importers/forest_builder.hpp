// Puts the trees of any source into the nodes of a compiled model.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "appcore/models/acm_format.hpp"
#include "appcore/result.hpp"

namespace appcore::importers {

// A node as importers have it: rows whose column is less than the threshold, or in the set, go
// left.
struct TreeNode {
    std::int32_t left = -1;  // indices of nodes in the same tree; -1 both: a leaf
    std::int32_t right = -1;
    std::uint32_t column = 0;  // what ForestBuilder::column() gave; 0 for a leaf
    std::uint32_t index = 0;   // of a set of categories, or of a linear leaf
    double value = 0;          // a leaf's value, or a threshold

    [[nodiscard]] bool is_leaf() const { return left < 0 && right < 0; }
};

// The error of a tree with its number, unless it says that already or concerns the whole model.
[[nodiscard]] Error in_tree(std::size_t tree, const Error& error);

class ForestBuilder {
  public:
    ForestBuilder(models::acm::NodeKind nodes, models::acm::LeafKind leaves)
        : node_kind_(nodes), leaf_kind_(leaves) {}

    // The column with this treatment of the feature.
    [[nodiscard]] std::uint32_t column(std::uint32_t feature, models::acm::ColumnKind kind);

    // The index of a set of these categories, each less than kMaxCategory.
    [[nodiscard]] Result<std::uint32_t> add_set(std::span<const std::uint32_t> categories);

    // The index of a linear leaf.
    [[nodiscard]] std::uint32_t add_linear_leaf(double if_missing, double constant,
                                                std::span<const models::acm::Term> terms);

    // Appends a tree. Node 0 is its root; nodes that it does not lead to are left out. Anything
    // that is not a tree, or over a limit, is refused, with the number of the tree and of the node.
    // Thresholds of float models are floats, or infinite.
    [[nodiscard]] Status add_tree(std::span<const TreeNode> nodes, std::uint32_t output);

    // Of inline float leaves: rounds each leaf's product with `weight` to float.
    void scale_leaves(std::size_t tree, float weight);
    void set_output(std::size_t tree, std::uint32_t output) { trees_[tree].output = output; }
    // Keeps the first `count` trees.
    void truncate(std::size_t count);
    // After the last tree: columns of categories go behind the others.
    void finish();

    [[nodiscard]] std::size_t tree_count() const { return trees_.size(); }
    // One more than the largest feature that a tree uses.
    [[nodiscard]] std::uint32_t features() const { return features_; }

    // What goes into the file.
    [[nodiscard]] models::acm::NodeKind node_kind() const { return node_kind_; }
    [[nodiscard]] models::acm::LeafKind leaf_kind() const { return leaf_kind_; }
    [[nodiscard]] std::span<const models::acm::Column> columns() const { return columns_; }
    [[nodiscard]] std::span<const models::acm::Tree> trees() const { return trees_; }
    [[nodiscard]] std::span<const models::acm::SmallNode> small_nodes() const { return small_; }
    [[nodiscard]] std::span<const models::acm::LargeNode> large_nodes() const { return large_; }
    [[nodiscard]] std::span<const double> leaves() const { return leaves_; }
    [[nodiscard]] std::span<const models::acm::LinearLeaf> linear_leaves() const {
        return linear_leaves_;
    }
    [[nodiscard]] std::span<const models::acm::Term> terms() const { return terms_; }
    [[nodiscard]] std::span<const models::acm::Set> sets() const { return sets_; }
    [[nodiscard]] std::span<const std::uint32_t> set_words() const { return set_words_; }

  private:
    template <typename Node>
    void place(std::span<const TreeNode> nodes, std::span<const std::uint32_t> positions,
               std::span<Node> placed);
    template <typename Node>
    [[nodiscard]] typename Node::Key key_of(const TreeNode& node);
    [[nodiscard]] bool fits_small(std::span<const TreeNode> nodes,
                                  std::span<const std::uint32_t> positions) const;
    [[nodiscard]] Status check_numbers(std::span<const TreeNode> nodes,
                                       std::span<const std::uint32_t> positions) const;
    void widen();
    [[nodiscard]] bool is_set_column(std::uint32_t column) const {
        return models::acm::is_categorical(columns_[column].kind);
    }

    models::acm::NodeKind node_kind_;
    models::acm::LeafKind leaf_kind_;
    std::map<std::pair<std::uint32_t, models::acm::ColumnKind>, std::uint32_t> column_indices_;
    std::vector<models::acm::Column> columns_{{0, models::acm::ColumnKind::constant}};
    std::vector<models::acm::Tree> trees_;
    std::vector<models::acm::SmallNode> small_;
    std::vector<models::acm::LargeNode> large_;
    std::vector<double> leaves_;
    std::vector<models::acm::LinearLeaf> linear_leaves_;
    std::vector<models::acm::Term> terms_;
    std::map<std::vector<std::uint32_t>, std::uint32_t> set_indices_;
    std::vector<models::acm::Set> sets_;
    std::vector<std::uint32_t> set_words_;
    std::uint32_t features_ = 0;
};

}  // namespace appcore::importers
