#include "appcore/importers/lightgbm_tree.hpp"

#include <cmath>
#include <limits>
#include <string>

#include "appcore/importers/text_lines.hpp"
#include "appcore/importers/value_reader.hpp"
#include "appcore/models/limits.hpp"

namespace appcore::importers {
namespace {

using models::acm::ColumnKind;

// Bits of decision_type.
constexpr unsigned kCategorical = 1;
constexpr unsigned kDefaultLeft = 2;
constexpr unsigned kMissingShift = 2;
enum Missing : unsigned { kNone, kZero, kNan };

// The lists of a tree, as they are named in the file.
struct Lists {
    std::vector<std::uint32_t> split_feature;
    std::vector<double> threshold;
    std::vector<unsigned> decision_type;
    std::vector<std::int32_t> left_child;
    std::vector<std::int32_t> right_child;
    std::vector<double> leaf_value;
    std::vector<std::uint32_t> cat_boundaries;
    std::vector<std::uint32_t> cat_threshold;
    std::vector<double> leaf_const;
    std::vector<std::uint32_t> num_features;
    std::vector<std::uint32_t> leaf_features;
    std::vector<double> leaf_coeff;
};

class LightgbmTreeReader {
  public:
    LightgbmTreeReader(const Fields& fields, std::uint32_t features, ForestBuilder& forest)
        : fields_(fields), features_(features), forest_(forest) {}

    Status add(std::uint32_t output) {
        if (Status read = read_sizes(); !read) return read;
        if (Status read = read_splits(); !read) return read;
        if (Status read = read_sets(); !read) return read;
        if (is_linear_) {
            if (Status read = read_linear(); !read) return read;
        }
        std::vector<TreeNode> nodes(2 * leaves_ - 1);
        for (std::size_t i = 0; i + 1 < leaves_; ++i) {
            const Result<TreeNode> split = make_split(i);
            if (!split) return split.error();
            nodes[i] = split.value();
        }
        for (std::size_t leaf = 0; leaf < leaves_; ++leaf) {
            nodes[leaves_ - 1 + leaf] = make_leaf(leaf);
        }
        return forest_.add_tree(nodes, output);
    }

  private:
    [[nodiscard]] std::string_view field(std::string_view name) const {
        const auto found = fields_.find(name);
        return found == fields_.end() ? std::string_view() : found->second;
    }

    template <typename Number>
    [[nodiscard]] Status read(std::string_view name, std::size_t count,
                              std::vector<Number>& list) const {
        auto numbers = parse_list<Number>(field(name), count);
        if (!numbers) {
            return Error{"'" + std::string(name) + "' must be a list of " + std::to_string(count) +
                         " numbers, " + numbers.error().message};
        }
        list = std::move(numbers).value();
        return Done{};
    }

    Status read_sizes() {
        const auto leaves = parse_whole<std::uint32_t>(field("num_leaves"));
        if (!leaves || *leaves == 0 || *leaves > models::kMaxNodes / 2) {
            return must_be("num_leaves", integer_range(1, models::kMaxNodes / 2),
                           field("num_leaves"));
        }
        const auto sets = parse_whole<std::uint32_t>(field("num_cat"));
        if (!sets || *sets >= *leaves) {
            return must_be("num_cat", integer_range(0, std::int64_t{*leaves} - 1),
                           field("num_cat"));
        }
        leaves_ = *leaves;
        sets_ = *sets;
        const std::string_view linear = field("is_linear");
        if (!linear.empty() && linear != "0" && linear != "1") {
            return must_be("is_linear", "0 or 1", linear);
        }
        is_linear_ = linear == "1";
        return Done{};
    }

    Status read_splits() {
        const std::size_t splits = leaves_ - 1;
        if (Status done = read("leaf_value", leaves_, lists_.leaf_value); !done) return done;
        if (splits == 0) return Done{};
        if (Status done = read("split_feature", splits, lists_.split_feature); !done) return done;
        if (Status done = read("threshold", splits, lists_.threshold); !done) return done;
        if (Status done = read("left_child", splits, lists_.left_child); !done) return done;
        if (Status done = read("right_child", splits, lists_.right_child); !done) return done;
        lists_.decision_type.assign(splits, 0);
        if (!fields_.contains("decision_type")) return Done{};
        return read("decision_type", splits, lists_.decision_type);
    }

    Status read_sets() {
        if (sets_ == 0) return Done{};
        if (Status done = read("cat_boundaries", sets_ + 1, lists_.cat_boundaries); !done) {
            return done;
        }
        for (std::size_t i = 0; i < sets_; ++i) {
            if (lists_.cat_boundaries[i] > lists_.cat_boundaries[i + 1]) {
                return Error{"'cat_boundaries' must not decrease"};
            }
        }
        return read("cat_threshold", lists_.cat_boundaries.back(), lists_.cat_threshold);
    }

    Status read_linear() {
        if (Status done = read("leaf_const", leaves_, lists_.leaf_const); !done) return done;
        if (Status done = read("num_features", leaves_, lists_.num_features); !done) return done;
        std::uint64_t terms = 0;
        for (const std::uint32_t count : lists_.num_features) terms += count;
        if (Status done = read("leaf_features", terms, lists_.leaf_features); !done) return done;
        for (const std::uint32_t feature : lists_.leaf_features) {
            if (feature >= features_) {
                return Error{"'leaf_features' must be integers from 0 to " +
                             std::to_string(features_ - 1) + ", got " + std::to_string(feature)};
            }
        }
        if (Status done = read("leaf_coeff", terms, lists_.leaf_coeff); !done) return done;
        for (const auto* list : {&lists_.leaf_const, &lists_.leaf_coeff, &lists_.leaf_value}) {
            for (const double number : *list) {
                if (!std::isfinite(number)) return Error{"a linear leaf must be finite"};
            }
        }
        return Done{};
    }

    // A child of the file as an index: leaves come behind the splits. -1: there is no such child.
    [[nodiscard]] std::int32_t index_of(std::int32_t child) const {
        const auto splits = static_cast<std::int32_t>(leaves_) - 1;
        if (child >= 0) return child < splits ? child : -1;
        return ~child <= splits ? splits + ~child : -1;
    }

    Result<TreeNode> make_split(std::size_t i) {
        TreeNode node;
        node.left = index_of(lists_.left_child[i]);
        node.right = index_of(lists_.right_child[i]);
        if (node.left < 0 || node.right < 0) return error_at(i, "has a child that does not exist");
        const std::uint32_t feature = lists_.split_feature[i];
        if (feature >= features_) return error_at(i, "splits by a feature that does not exist");
        const unsigned type = lists_.decision_type[i];
        const unsigned missing = type >> kMissingShift;
        if (missing > kNan) return error_at(i, "has an unknown decision_type");
        const double threshold = lists_.threshold[i];
        if (!std::isfinite(threshold)) return error_at(i, "has a threshold that is not finite");
        if ((type & kCategorical) != 0) {
            const Result<std::uint32_t> set = add_set(threshold);
            if (!set) return error_at(i, set.error().message);
            node.column = forest_.column(feature, ColumnKind::category_truncated);
            node.index = set.value();
            return node;
        }
        const bool left = (type & kDefaultLeft) != 0;
        const ColumnKind kinds[] = {
            ColumnKind::missing_is_zero,
            left ? ColumnKind::zero_left : ColumnKind::zero_right,
            left ? ColumnKind::missing_left : ColumnKind::missing_right,
        };
        node.column = forest_.column(feature, kinds[missing]);
        // "at most the threshold" is "less than the next number".
        node.value = std::nextafter(threshold, std::numeric_limits<double>::infinity());
        return node;
    }

    [[nodiscard]] Result<std::uint32_t> add_set(double threshold) {
        if (!(threshold >= 0 && threshold < sets_)) return Error{"has no set of categories"};
        const auto set = static_cast<std::size_t>(threshold);
        std::vector<std::uint32_t> categories;
        const std::uint32_t begin = lists_.cat_boundaries[set];
        const std::uint32_t end = lists_.cat_boundaries[set + 1];
        if (end - begin > models::kMaxCategory / 32) return Error{"has too many categories"};
        for (std::uint32_t word = begin; word < end; ++word) {
            for (std::uint32_t bit = 0; bit < 32; ++bit) {
                if (((lists_.cat_threshold[word] >> bit) & 1U) != 0) {
                    categories.push_back((word - begin) * 32 + bit);
                }
            }
        }
        return forest_.add_set(categories);
    }

    TreeNode make_leaf(std::size_t leaf) {
        TreeNode node;
        const double value = lists_.leaf_value[leaf];
        node.value = value;
        if (forest_.leaf_kind() != models::acm::LeafKind::linear) return node;
        if (!is_linear_) {
            node.index = forest_.add_linear_leaf(value, value, {});
            return node;
        }
        std::vector<models::acm::Term> terms;
        for (std::uint32_t i = 0; i < lists_.num_features[leaf]; ++i, ++next_term_) {
            terms.push_back({lists_.leaf_coeff[next_term_], lists_.leaf_features[next_term_], 0});
        }
        node.index = forest_.add_linear_leaf(value, lists_.leaf_const[leaf], terms);
        return node;
    }

    static Error error_at(std::size_t node, std::string_view what) {
        return Error{"node " + std::to_string(node) + " " + std::string(what)};
    }

    const Fields& fields_;
    std::uint32_t features_;
    ForestBuilder& forest_;
    std::uint32_t leaves_ = 0;
    std::uint32_t sets_ = 0;
    bool is_linear_ = false;
    Lists lists_;
    std::size_t next_term_ = 0;  // of leaf_features and leaf_coeff
};

}  // namespace

Status add_lightgbm_tree(const Fields& fields, std::uint32_t features, std::uint32_t output,
                         ForestBuilder& forest) {
    return LightgbmTreeReader(fields, features, forest).add(output);
}

}  // namespace appcore::importers
