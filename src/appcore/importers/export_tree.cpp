#include "appcore/importers/export_tree.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "appcore/importers/advice.hpp"
#include "appcore/importers/text_lines.hpp"
#include "appcore/importers/value_reader.hpp"
#include "appcore/models/limits.hpp"

namespace appcore::importers {
namespace {

using models::acm::ColumnKind;

constexpr std::array<std::string_view, 8> kExportTreeNames = {
    "output", "left", "right", "feature", "threshold", "value", "missing_left", "categories"};

// "x <= threshold" as "x < ...", for all x that are floats.
double above_as_float(double threshold) {
    auto below = static_cast<float>(threshold);
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    if (static_cast<double>(below) > threshold) below = std::nextafter(below, -kInfinity);
    return static_cast<double>(std::nextafter(below, kInfinity));
}

double above(double threshold, models::acm::Arithmetic input) {
    return input == models::acm::Arithmetic::float32
               ? above_as_float(threshold)
               : std::nextafter(threshold, std::numeric_limits<double>::infinity());
}

class ExportTreeReader {
  public:
    ExportTreeReader(const Value& tree, const ExportTreeFacts& facts, ForestBuilder& forest)
        : tree_(tree), facts_(facts), forest_(forest) {}

    Status add(bool& takes_missing) {
        if (Status done = check_members(tree_, "trees", kExportTreeNames, kExportAdvice); !done) {
            return done;
        }
        if (Status done = read_lists(); !done) return done;
        if (missing_left_.empty()) takes_missing = false;
        if (Status done = read_sets(); !done) return done;
        if (Status done = check_missing(); !done) return done;
        std::vector<TreeNode> nodes(left_.size());
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            const Result<TreeNode> node = make_node(i);
            if (!node) return node.error();
            nodes[i] = node.value();
        }
        return add_to_outputs(nodes);
    }

  private:
    Status read_lists() {
        const Value* const output = tree_.find("output");
        const double* const number = output == nullptr ? nullptr : output->number();
        is_vector_ = number != nullptr && *number == -1;
        const std::optional<std::uint32_t> index = read_count(output);
        if (!is_vector_ && (!index || *index >= facts_.outputs)) {
            return must_be("output", integer_range(-1, std::int64_t{facts_.outputs} - 1), output);
        }
        output_ = index.value_or(0);
        auto left = read_integers<std::int32_t>(tree_, "left", -1, models::kMaxNodes);
        if (!left) return left.error();
        const std::size_t count = left.value().size();
        auto right = read_integers<std::int32_t>(tree_, "right", -1, models::kMaxNodes, count);
        if (!right) return right.error();
        auto features = read_integers<std::uint32_t>(tree_, "feature", 0,
                                                     std::int64_t{facts_.features} - 1, count);
        if (!features) return features.error();
        auto thresholds = read_numbers(tree_, "threshold", count);
        if (!thresholds) return thresholds.error();
        auto values = read_numbers(tree_, "value", count * (is_vector_ ? facts_.outputs : 1));
        if (!values) return values.error();
        left_ = std::move(left).value();
        right_ = std::move(right).value();
        features_ = std::move(features).value();
        thresholds_ = std::move(thresholds).value();
        values_ = std::move(values).value();
        if (tree_.find("missing_left") == nullptr) return Done{};
        auto missing = read_integers<std::uint8_t>(tree_, "missing_left", 0, 1, count);
        if (!missing) return missing.error();
        missing_left_ = std::move(missing).value();
        return Done{};
    }

    Status read_sets() {
        const Value* const categories = tree_.find("categories");
        if (categories == nullptr) return Done{};
        if (categories->object() == nullptr) {
            return must_be("categories", "an object", categories);
        }
        sets_.assign(left_.size(), kNoSet);
        for (const auto& [name, list] : *categories->object()) {
            const auto node = parse_whole<std::uint32_t>(name);
            if (!node || *node >= sets_.size()) {
                return Error{"'categories' has the name " + shown_name(name) +
                             ", which must be the index of a node"};
            }
            if (list.numbers() == nullptr) return must_be(name, "a list of numbers", &list);
            const auto members = to_integers<std::uint32_t>(*list.numbers(), name, 0,
                                                            std::int64_t{models::kMaxCategory} - 1);
            if (!members) return members.error();
            const auto set = forest_.add_set(members.value());
            if (!set) return set.error();
            sets_[*node] = set.value();
        }
        return Done{};
    }

    // Of exact categories the script makes splits where what is unknown or missing goes right.
    Status check_missing() const {
        if (!facts_.exact_categories || sets_.empty() || missing_left_.empty()) return Done{};
        for (std::size_t i = 0; i < sets_.size(); ++i) {
            if (sets_[i] == kNoSet || missing_left_[i] == 0) continue;
            return Error{"'missing_left' must be 0 where categories are exact"};
        }
        return Done{};
    }

    Result<TreeNode> make_node(std::size_t i) {
        TreeNode node;
        node.left = left_[i];
        node.right = right_[i];
        if (node.is_leaf()) return node;
        const bool left = !missing_left_.empty() && missing_left_[i] == 1;
        if (!sets_.empty() && sets_[i] != kNoSet) {
            node.index = sets_[i];
            const ColumnKind kind = facts_.exact_categories ? ColumnKind::category_exact
                                    : left                  ? ColumnKind::category_missing_in
                                                            : ColumnKind::category;
            node.column = forest_.column(features_[i], kind);
            return node;
        }
        node.column = forest_.column(features_[i],
                                     left ? ColumnKind::missing_left : ColumnKind::missing_right);
        node.value = above(thresholds_[i], facts_.input);
        return node;
    }

    // A tree for all outputs is added once for each that is wanted, with its values.
    Status add_to_outputs(std::vector<TreeNode>& nodes) {
        const std::uint32_t outputs = is_vector_ ? facts_.outputs : 1;
        for (std::uint32_t k = 0; k < outputs; ++k) {
            if (is_vector_ && facts_.only_output && *facts_.only_output != k) continue;
            for (std::size_t i = 0; i < nodes.size(); ++i) {
                if (nodes[i].is_leaf()) nodes[i].value = values_[i * outputs + k];
            }
            Status added = forest_.add_tree(nodes, is_vector_ ? k : output_);
            if (!added) return added;
        }
        return Done{};
    }

    static constexpr std::uint32_t kNoSet = 0xFFFFFFFF;

    const Value& tree_;
    const ExportTreeFacts& facts_;
    ForestBuilder& forest_;
    bool is_vector_ = false;
    std::uint32_t output_ = 0;
    std::vector<std::int32_t> left_;
    std::vector<std::int32_t> right_;
    std::vector<std::uint32_t> features_;
    std::vector<std::uint8_t> missing_left_;
    Numbers thresholds_;
    Numbers values_;
    std::vector<std::uint32_t> sets_;
};

}  // namespace

Status add_export_tree(const Value& tree, const ExportTreeFacts& facts, ForestBuilder& forest,
                       bool& takes_missing) {
    return ExportTreeReader(tree, facts, forest).add(takes_missing);
}

}  // namespace appcore::importers
