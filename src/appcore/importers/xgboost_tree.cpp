#include "appcore/importers/xgboost_tree.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <string>

#include "appcore/importers/advice.hpp"
#include "appcore/importers/value_reader.hpp"
#include "appcore/models/limits.hpp"

namespace appcore::importers {
namespace {

using models::acm::ColumnKind;

constexpr std::array<std::string_view, 18> kXgboostTreeNames = {"base_weights",
                                                                "categories",
                                                                "categories_nodes",
                                                                "categories_segments",
                                                                "categories_sizes",
                                                                "default_left",
                                                                "id",
                                                                "left_children",
                                                                "loss_changes",
                                                                "parents",
                                                                "right_children",
                                                                "split_conditions",
                                                                "split_indices",
                                                                "split_type",
                                                                "sum_hessian",
                                                                "tree_param",
                                                                "leaf_child_counts",
                                                                "size_leaf_vector"};

constexpr std::array<std::string_view, 6> kTreeParameterNames = {
    "num_deleted", "num_feature", "num_nodes", "size_leaf_vector", "num_roots", "max_depth"};

Error at_node(std::size_t node, std::string_view what) {
    return Error{"node " + std::to_string(node) + " " + std::string(what)};
}

class XgboostTreeReader {
  public:
    XgboostTreeReader(const Value& tree, ForestBuilder& forest) : tree_(tree), forest_(forest) {}

    Status add() {
        if (Status checked = check_names(); !checked) return checked;
        if (Status read = read_lists(); !read) return read;
        if (Status read = read_sets(); !read) return read;
        std::vector<TreeNode> nodes(left_.size());
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            const Result<TreeNode> node = make_node(i);
            if (!node) return node.error();
            nodes[i] = node.value();
        }
        return forest_.add_tree(nodes, 0);
    }

  private:
    Status check_names() const {
        if (tree_.find("leaf_weights") != nullptr) {
            return Error{
                "it has vector leaves (multi_strategy=multi_output_tree), which appcore does "
                "not read; train with multi_strategy=one_output_per_tree"};
        }
        if (Status checked = check_members(tree_, "trees", kXgboostTreeNames, kXgboostAdvice);
            !checked) {
            return checked;
        }
        // The library takes a tree's place from here, and places decide in which order leaves add
        // up.
        const Value* const id = tree_.find("id");
        if (id != nullptr && read_count(id) != forest_.tree_count()) {
            return must_be("id", std::to_string(forest_.tree_count()) + ", the tree's place", id);
        }
        const Value* const parameters = tree_.find("tree_param");
        if (parameters == nullptr) return Error{"'tree_param' is missing"};
        Status checked =
            check_members(*parameters, "tree_param", kTreeParameterNames, kXgboostAdvice);
        if (!checked) return checked;
        const Value* const leaf_size = parameters->find("size_leaf_vector");
        if (leaf_size != nullptr && read_count(leaf_size).value_or(2) > 1) {
            return Error{must_be("size_leaf_vector", "0 or 1", leaf_size).message +
                         ": appcore does not read vector leaves"};
        }
        return Done{};
    }

    Status read_lists() {
        const auto nodes = read_count(*tree_.find("tree_param"), "num_nodes", 1, models::kMaxNodes);
        if (!nodes) return nodes.error();
        const std::size_t count = nodes.value();
        auto left =
            read_integers<std::int32_t>(tree_, "left_children", -1, models::kMaxNodes, count);
        if (!left) return left.error();
        auto right =
            read_integers<std::int32_t>(tree_, "right_children", -1, models::kMaxNodes, count);
        if (!right) return right.error();
        // Of nodes that were deleted, the feature may be any number.
        auto features = read_integers<std::uint32_t>(tree_, "split_indices", 0, 4294967295, count);
        if (!features) return features.error();
        auto default_left = read_integers<std::uint8_t>(tree_, "default_left", 0, 1, count);
        if (!default_left) return default_left.error();
        const auto conditions = find_numbers(tree_, "split_conditions", count);
        if (!conditions) return conditions.error();
        left_ = std::move(left).value();
        right_ = std::move(right).value();
        features_ = std::move(features).value();
        default_left_ = std::move(default_left).value();
        conditions_ = conditions.value();
        return Done{};
    }

    // The categories of categorical splits: for each of the nodes a part of one long list.
    Status read_sets() {
        if (tree_.find("split_type") == nullptr) return Done{};
        auto types = read_integers<std::uint8_t>(tree_, "split_type", 0, 1, left_.size());
        if (!types) return types.error();
        auto categories = read_integers<std::uint32_t>(tree_, "categories", 0,
                                                       std::int64_t{models::kMaxCategory} - 1);
        if (!categories) return categories.error();
        auto nodes = read_integers<std::uint32_t>(tree_, "categories_nodes", 0, models::kMaxNodes);
        if (!nodes) return nodes.error();
        const std::size_t sets = nodes.value().size();
        const auto most = static_cast<std::int64_t>(categories.value().size());
        auto segments = read_integers<std::uint32_t>(tree_, "categories_segments", 0, most, sets);
        if (!segments) return segments.error();
        auto sizes = read_integers<std::uint32_t>(tree_, "categories_sizes", 0, most, sets);
        if (!sizes) return sizes.error();
        sets_.assign(left_.size(), kNoSet);
        for (std::size_t i = 0; i < sets; ++i) {
            const std::uint32_t node = nodes.value()[i];
            const std::uint32_t first = segments.value()[i];
            const std::uint32_t size = sizes.value()[i];
            const bool ascends = i == 0 || node > nodes.value()[i - 1];
            if (node >= sets_.size() || !ascends) {
                return Error{
                    "'categories_nodes' must name nodes of the tree in ascending order, got " +
                    std::to_string(node)};
            }
            if (size == 0 || first + size > categories.value().size()) {
                return Error{
                    "'categories_segments' and 'categories_sizes' must be parts of "
                    "'categories', got " +
                    std::to_string(size) + " from " + std::to_string(first) + " on"};
            }
            const std::span<const std::uint32_t> all(categories.value());
            const auto set = forest_.add_set(all.subspan(first, size));
            if (!set) return set.error();
            sets_[node] = set.value();
        }
        for (std::size_t i = 0; i < sets_.size(); ++i) {
            const bool is_set = types.value()[i] == 1 && left_[i] >= 0;
            if (is_set && sets_[i] == kNoSet) return at_node(i, "has no categories");
            if (!is_set) sets_[i] = kNoSet;
        }
        return Done{};
    }

    Result<TreeNode> make_node(std::size_t i) {
        TreeNode node;
        // What XGBoost reads is a float; a larger number would be infinite.
        node.value = static_cast<double>(static_cast<float>((*conditions_)[i]));
        if (left_[i] < 0) return node;  // a leaf, or deleted
        if (right_[i] != left_[i] + 1) {
            return at_node(i,
                           "has a right child that is not the one behind its left child; "
                           "XGBoost itself would ignore 'right_children': save the model again "
                           "with XGBoost");
        }
        if (features_[i] >= models::kMaxFeatures) {
            return at_node(i, "splits by feature " + std::to_string(features_[i]) +
                                  "; appcore takes " + std::to_string(models::kMaxFeatures));
        }
        const bool default_left = default_left_[i] == 1;
        if (!sets_.empty() && sets_[i] != kNoSet) {
            // The categories in the set go right, all others left: with the children exchanged
            // those in the set go left.
            node.left = right_[i];
            node.right = left_[i];
            node.index = sets_[i];
            node.column =
                forest_.column(features_[i], default_left ? ColumnKind::category
                                                          : ColumnKind::category_missing_in);
            return node;
        }
        if (!std::isfinite(node.value)) return at_node(i, "has a threshold that is not finite");
        node.left = left_[i];
        node.right = right_[i];
        node.column = forest_.column(
            features_[i], default_left ? ColumnKind::missing_left : ColumnKind::missing_right);
        return node;
    }

    static constexpr std::uint32_t kNoSet = 0xFFFFFFFF;

    const Value& tree_;
    ForestBuilder& forest_;
    std::vector<std::int32_t> left_;
    std::vector<std::int32_t> right_;
    std::vector<std::uint32_t> features_;
    std::vector<std::uint8_t> default_left_;
    const Numbers* conditions_ = nullptr;
    std::vector<std::uint32_t> sets_;  // of each node; empty without categories
};

}  // namespace

Status add_xgboost_tree(const Value& tree, ForestBuilder& forest) {
    return XgboostTreeReader(tree, forest).add();
}

}  // namespace appcore::importers
