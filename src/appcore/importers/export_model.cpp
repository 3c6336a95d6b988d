#include "appcore/importers/export_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "appcore/importers/advice.hpp"
#include "appcore/importers/value_reader.hpp"

namespace appcore::importers {
namespace {

namespace acm = models::acm;

constexpr std::array<std::string_view, 9> kTreesNames = {
    "kind", "input", "categories", "base", "average", "link", "sigmoid_scale", "class_of", "trees"};
constexpr std::array<std::string_view, 6> kExportLinearNames = {
    "kind", "coefficients", "intercept", "link", "sigmoid_scale", "class_of"};

struct KnownLink {
    std::string_view name;
    acm::Link link;
    bool is_exact;  // after trees: predictions have the library's bits
};
constexpr std::array kKnownLinks = {
    KnownLink{"identity", acm::Link::identity, true},
    KnownLink{"sigmoid", acm::Link::sigmoid, true},
    KnownLink{"softmax", acm::Link::softmax, false},
    KnownLink{"softmax_by_log", acm::Link::softmax_by_log, false},
    KnownLink{"exp", acm::Link::exp, false},
    KnownLink{"sigmoid_normalized", acm::Link::sigmoid_normalized, false},
};

Status read_link(const Value& model, Source& source) {
    const std::string_view name = text_of(member_of(model, "link"));
    const auto* const link = std::ranges::find(kKnownLinks, name, &KnownLink::name);
    if (link == kKnownLinks.end()) {
        return Error{"the link " + shown_name(name) + " is unknown; " + std::string(kExportAdvice)};
    }
    source.facts.link = link->link;
    source.is_exact = link->is_exact;
    const Value* const scale = model.find("sigmoid_scale");
    if (scale == nullptr) return Done{};
    if (scale->number() == nullptr || !(*scale->number() > 0) || std::isinf(*scale->number())) {
        return must_be("sigmoid_scale", "a number above 0", scale);
    }
    source.facts.link_scale = *scale->number();
    return Done{};
}

// What predict() of the estimator takes the largest of, which matters where raw scores that differ
// in their last bits have equal probabilities. Documents of earlier scripts do not say it: then
// scikit-learn 1.2.1 counts.
Status read_class_rule(const Value& model, Source& source) {
    acm::Facts& facts = source.facts;
    bool after_link = facts.model_kind == acm::ModelKind::trees;
    if (const Value* const rule = model.find("class_of"); rule != nullptr) {
        const std::string_view name = text_of(*rule);
        if (name != "probabilities" && name != "raw_scores") {
            return must_be("class_of", "'probabilities' or 'raw_scores'", rule);
        }
        after_link = name == "probabilities";
    }
    if (facts.output == acm::Output::class_before_link && after_link) {
        facts.output = acm::Output::class_after_link;
    }
    return Done{};
}

Status read_trees(const Value& model, std::size_t documented_trees, Source& source) {
    Status done = check_members(model, "model", kTreesNames, kExportAdvice);
    if (!done) return done;
    if (documented_trees == 0) return Error{"the model has no trees"};
    if (done = read_link(model, source); !done) return done;
    source.facts.model_kind = acm::ModelKind::trees;
    auto base = read_numbers(model, "base", source.facts.outputs);
    if (!base) return base.error();
    source.base = std::move(base).value();
    const double* const average = member_of(model, "average").number();
    if (average != nullptr && *average == 1) {
        // Trees for all outputs count once for each, others are the same number for each.
        source.facts.divisor = static_cast<double>(documented_trees);
    }
    return Done{};
}

Status read_linear(const Value& model, Source& source) {
    Status done = check_members(model, "model", kExportLinearNames, kExportAdvice);
    if (!done) return done;
    if (done = read_link(model, source); !done) return done;
    source.is_exact = false;
    acm::Facts& facts = source.facts;
    facts.model_kind = acm::ModelKind::linear;
    facts.input = acm::Arithmetic::float64;
    auto base = read_numbers(model, "intercept", facts.outputs);
    if (!base) return base.error();
    source.base = std::move(base).value();
    const Value* const coefficients = model.find("coefficients");
    const Array* const rows = coefficients == nullptr ? nullptr : coefficients->array();
    if (rows == nullptr || rows->size() != facts.outputs) {
        return must_be("coefficients", "one list for each output", coefficients);
    }
    for (const Value& row : *rows) {
        const Numbers* const numbers = row.numbers();
        if (numbers == nullptr || numbers->size() != facts.features ||
            !std::ranges::all_of(*numbers, [](double x) { return std::isfinite(x); })) {
            return must_be("coefficients", "lists with a finite number for each feature", &row);
        }
        source.weights.insert(source.weights.end(), numbers->begin(), numbers->end());
    }
    return Done{};
}

}  // namespace

Status read_export_model(const Value& model, std::size_t documented_trees, Source& source) {
    const std::string_view kind = text_of(member_of(model, "kind"));
    if (kind != "trees" && kind != "linear") {
        return must_be("kind", "'trees' or 'linear'", model.find("kind"));
    }
    Status done =
        kind == "trees" ? read_trees(model, documented_trees, source) : read_linear(model, source);
    if (!done) return done;
    return read_class_rule(model, source);
}

}  // namespace appcore::importers
