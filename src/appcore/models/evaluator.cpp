#include "appcore/models/evaluator.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "appcore/models/columns.hpp"
#include "appcore/models/links.hpp"
#include "appcore/models/ordered.hpp"
#include "appcore/models/tree_walk.hpp"

namespace appcore::models {
namespace {

// From here on a model is larger than a core's own caches.
constexpr std::size_t kLargeModel = 512 * 1024;

void apply_step(acm::Step step, std::span<const double> values, std::span<double> row) {
    const auto each = [&](auto change) {
        for (std::size_t i = 0; i < row.size(); ++i) row[i] = change(row[i], values[i]);
    };
    switch (step) {
        case acm::Step::impute:
            each([](double x, double value) { return std::isnan(x) ? value : x; });
            break;
        case acm::Step::subtract:
            each([](double x, double value) { return x - value; });
            break;
        case acm::Step::divide:
            each([](double x, double value) { return x / value; });
            break;
        case acm::Step::multiply:
            each([](double x, double value) { return x * value; });
            break;
        case acm::Step::add:
            each([](double x, double value) { return x + value; });
            break;
        case acm::Step::at_least:
            each([](double x, double value) { return x < value ? value : x; });
            break;
        case acm::Step::at_most:
            each([](double x, double value) { return x > value ? value : x; });
            break;
    }
}

// The value of a leaf by its key.
template <typename Key>
double leaf_value(const ModelView& view, std::span<const double> row, Key key) {
    switch (view.facts.leaf_kind) {
        case acm::LeafKind::inline_value:
            break;
        case acm::LeafKind::table:
            return view.leaves[key - 1];
        case acm::LeafKind::linear: {
            const acm::LinearLeaf& leaf = view.linear_leaves[key - 1];
            double sum = leaf.constant;
            for (const acm::Term& term : view.terms.subspan(leaf.first_term, leaf.terms)) {
                const double feature = row[term.feature];
                if (std::isnan(feature)) return leaf.if_missing;
                sum += term.coefficient * feature;
            }
            return sum;
        }
    }
    return static_cast<double>(from_ordered(key));
}

template <typename Node, typename AtLeaf>
void walk(const ModelView& view, std::span<const Node> nodes, const typename Node::Key* columns,
          AtLeaf at_leaf) {
    if (view.first_category != view.columns.size()) {
        walk_trees<kFewTrees, true>(view, nodes, columns, at_leaf);
    } else if (nodes.size_bytes() < kLargeModel) {
        walk_trees<kFewTrees, false>(view, nodes, columns, at_leaf);
    } else {
        walk_trees<kManyTrees, false>(view, nodes, columns, at_leaf);
    }
}

// The leaves are added in the order of the trees, each rounded, as the libraries do.
template <typename Node, typename Sum>
void sum_leaves(const ModelView& view, std::span<const Node> nodes,
                const typename Node::Key* columns, std::span<const double> row,
                std::span<Sum> sums) {
    const bool is_inline = view.facts.leaf_kind == acm::LeafKind::inline_value;
    if (is_inline && sums.size() == 1) {
        Sum sum = sums.front();
        walk(view, nodes, columns, [&sum](const acm::Tree&, typename Node::Key key) {
            sum += static_cast<Sum>(from_ordered(key));
        });
        sums.front() = sum;
    } else if (is_inline) {
        walk(view, nodes, columns, [sums](const acm::Tree& tree, typename Node::Key key) {
            sums[tree.output] += static_cast<Sum>(from_ordered(key));
        });
    } else {
        walk(view, nodes, columns, [&](const acm::Tree& tree, typename Node::Key key) {
            sums[tree.output] += static_cast<Sum>(leaf_value(view, row, key));
        });
    }
}

template <typename Sum>
double sum_features(const ModelView& view, std::span<const double> row, std::span<Sum> sums) {
    const bool skips = view.has(acm::kLinearSkipsMissing);
    double terms = 0;
    for (std::size_t output = 0; output < sums.size(); ++output) {
        Sum sum = sums[output];
        terms += std::fabs(static_cast<double>(sum));
        const auto weights = view.weights.subspan(output * row.size(), row.size());
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (skips && std::isnan(row[i])) continue;
            const Sum term = static_cast<Sum>(row[i]) * static_cast<Sum>(weights[i]);
            sum += term;
            terms += std::fabs(static_cast<double>(term));
        }
        sums[output] = sum;
    }
    return terms;
}

template <typename Sum>
double index_of_largest(std::span<Sum> values) {
    return static_cast<double>(std::ranges::max_element(values) - values.begin());
}

}  // namespace

Evaluator::Evaluator(const ModelView& view) : view_(view), row_(view.facts.features) {
    if (view.facts.node_kind == acm::NodeKind::small) {
        small_columns_.resize(view.columns.size());
    } else {
        large_columns_.resize(view.columns.size());
    }
    if (view.facts.sum == acm::Arithmetic::float32) {
        float_sums_.resize(view.facts.outputs);
    } else {
        double_sums_.resize(view.facts.outputs);
    }
}

Prediction Evaluator::predict(std::span<const double> row) {
    const Prediction prepared = prepare(row);
    if (prepared.problem != Problem::none) return prepared;
    for (std::size_t i = 0; i < float_sums_.size(); ++i) {
        float_sums_[i] = static_cast<float>(view_.base[i]);
    }
    std::ranges::copy(view_.base.first(double_sums_.size()), double_sums_.begin());
    if (view_.facts.model_kind == acm::ModelKind::linear) {
        sum_linear();
    } else {
        sum_trees();
    }
    return finish();
}

// The features as the model sees them: after its steps, rounded to what it computes with.
Prediction Evaluator::prepare(std::span<const double> row) {
    std::ranges::copy(row, row_.begin());
    for (std::size_t i = 0; i < view_.steps.size(); ++i) {
        apply_step(view_.steps[i], view_.step_values.subspan(i * row_.size(), row_.size()), row_);
    }
    const bool to_float = view_.facts.input == acm::Arithmetic::float32;
    const bool takes_missing = view_.has(acm::kTakesMissing);
    const bool flushes_zeros = view_.has(acm::kFlushesZeros);
    for (std::size_t i = 0; i < row_.size(); ++i) {
        double& value = row_[i];
        if (std::isnan(value)) {
            if (!takes_missing) return {0, Problem::missing, static_cast<std::uint32_t>(i)};
            continue;
        }
        if (to_float) value = static_cast<double>(static_cast<float>(value));
        if (std::isinf(value)) return {0, Problem::overflow, static_cast<std::uint32_t>(i)};
        if (flushes_zeros && std::fabs(value) <= kLightGbmZero) value = 0;
    }
    return {};
}

void Evaluator::sum_trees() {
    const auto sum = [this](auto nodes, auto& columns) {
        fill_columns(view_.columns, row_, std::span(columns));
        const std::span<const double> row(row_);
        if (float_sums_.empty()) {
            sum_leaves(view_, nodes, columns.data(), row, std::span(double_sums_));
        } else {
            sum_leaves(view_, nodes, columns.data(), row, std::span(float_sums_));
        }
    };
    if (view_.facts.node_kind == acm::NodeKind::small) {
        sum(view_.small_nodes, small_columns_);
    } else {
        sum(view_.large_nodes, large_columns_);
    }
}

void Evaluator::sum_linear() {
    sum_of_terms_ = float_sums_.empty() ? sum_features(view_, row_, std::span(double_sums_))
                                        : sum_features(view_, row_, std::span(float_sums_));
}

Prediction Evaluator::finish() {
    for (double& sum : double_sums_) sum /= view_.facts.divisor;
    const auto select = [this](auto sums, auto link) {
        const acm::Facts& facts = view_.facts;
        switch (facts.output) {
            case acm::Output::class_before_link:
                return index_of_largest(sums);
            case acm::Output::class_after_link:
                link();
                return index_of_largest(sums);
            case acm::Output::value:
                link();
                break;
            case acm::Output::margin:
                break;
        }
        return static_cast<double>(sums[facts.output_index]);
    };
    const acm::Link link = view_.facts.link;
    const double value =
        float_sums_.empty()
            ? select(std::span(double_sums_),
                     [&] { apply_link(link, view_.facts.link_scale, std::span(double_sums_)); })
            : select(std::span(float_sums_), [&] { apply_link(link, std::span(float_sums_)); });
    if (!std::isfinite(value)) return {0, Problem::not_finite, 0};
    return {value, Problem::none, 0};
}

}  // namespace appcore::models
