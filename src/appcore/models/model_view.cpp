#include "appcore/models/model_view.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "appcore/models/limits.hpp"
#include "appcore/models/node_check.hpp"
#include "appcore/models/sections.hpp"

namespace appcore::models {
namespace {

using acm::SectionId;

Error wrong(std::string_view what) {
    return Error{"the file is not a valid model: " + std::string(what)};
}

bool all_finite(std::span<const double> values) {
    return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

template <typename T>
bool is_below(T value, std::uint32_t end) {
    return static_cast<std::uint32_t>(value) < end;
}

// Reads a section's bytes as records, or returns false if they are not a whole number of them.
template <typename Record>
bool take(std::span<const std::byte> bytes, std::span<const Record>& records) {
    if (bytes.size() % sizeof(Record) != 0) return false;
    // Sections begin at multiples of kAlignment, and records are made of plain numbers.
    records = {reinterpret_cast<const Record*>(bytes.data()), bytes.size() / sizeof(Record)};
    return true;
}

Status check_facts(const acm::Facts& facts) {
    if (!is_below(facts.source, acm::kSourceNames.size())) return wrong("source");
    if (!is_below(facts.model_kind, 2) || !is_below(facts.node_kind, 2) ||
        !is_below(facts.leaf_kind, 3)) {
        return wrong("kind");
    }
    if (!is_below(facts.input, acm::kArithmetics) || !is_below(facts.sum, acm::kArithmetics)) {
        return wrong("arithmetic");
    }
    if (!is_below(facts.link, acm::kLinks)) return wrong("link");
    if (!is_below(facts.output, acm::kOutputs)) return wrong("output");
    if (facts.features == 0 || facts.features > kMaxFeatures) return wrong("number of features");
    if (facts.outputs == 0 || facts.outputs > kMaxOutputs) return wrong("number of outputs");
    if (facts.output_index >= facts.outputs) return wrong("index of the output");
    if ((facts.flags & ~acm::kAllFlags) != 0) return wrong("flags");
    if ((facts.flags & acm::kNullIsMissing) != 0 && (facts.flags & acm::kTakesMissing) == 0) {
        return wrong("null is missing, but missing values are refused");
    }
    if (!(facts.link_scale > 0) || !std::isfinite(facts.link_scale)) return wrong("scale");
    if (!(facts.divisor >= 1 && facts.divisor <= kMaxTrees)) return wrong("divisor");
    if (facts.golden_rows > kMaxGoldenRows) return wrong("number of golden rows");
    if (std::ranges::any_of(facts.zero, [](std::uint32_t word) { return word != 0; })) {
        return wrong("reserved field");
    }
    return Done{};
}

Status take_sections(const Sections& sections, ModelView& view) {
    const auto bytes = [&sections](SectionId id) { return sections[index_of(id)]; };
    const bool small = view.facts.node_kind == acm::NodeKind::small;
    const bool whole =
        take(bytes(SectionId::columns), view.columns) &&
        take(bytes(SectionId::trees), view.trees) &&
        (small ? take(bytes(SectionId::nodes), view.small_nodes)
               : take(bytes(SectionId::nodes), view.large_nodes)) &&
        take(bytes(SectionId::leaves), view.leaves) &&
        take(bytes(SectionId::linear_leaves), view.linear_leaves) &&
        take(bytes(SectionId::terms), view.terms) && take(bytes(SectionId::sets), view.sets) &&
        take(bytes(SectionId::set_words), view.set_words) &&
        take(bytes(SectionId::steps), view.steps) &&
        take(bytes(SectionId::step_values), view.step_values) &&
        take(bytes(SectionId::base), view.base) && take(bytes(SectionId::weights), view.weights) &&
        take(bytes(SectionId::golden_rows), view.golden_rows) &&
        take(bytes(SectionId::golden_predictions), view.golden_predictions);
    if (!whole) return wrong("size of a section");
    return Done{};
}

Status take_texts(std::span<const std::byte> bytes, ModelView& view) {
    const auto next = [&bytes](std::string_view& text) {
        std::uint32_t size = 0;
        if (bytes.size() < sizeof size) return false;
        std::memcpy(&size, bytes.data(), sizeof size);
        bytes = bytes.subspan(sizeof size);
        if (size > kMaxName || size > bytes.size()) return false;
        text = {reinterpret_cast<const char*>(bytes.data()), size};
        bytes = bytes.subspan(size);
        return true;
    };
    for (std::string_view& text : view.texts) {
        if (!next(text)) return wrong("texts");
    }
    view.names.resize(view.facts.features);
    for (std::string_view& name : view.names) {
        if (!next(name)) return wrong("names of the features");
    }
    if (!bytes.empty()) return wrong("texts");
    if (!is_version(view.text(acm::Text::version))) return wrong("version");
    return Done{};
}

Status check_columns(ModelView& view) {
    if (view.columns.empty() || view.columns.front().kind != acm::ColumnKind::constant) {
        return wrong("column 0");
    }
    view.first_category = view.columns.size();
    for (std::size_t i = 0; i < view.columns.size(); ++i) {
        const acm::Column& column = view.columns[i];
        const bool is_first = i == 0;
        if (!is_below(column.kind, acm::kColumnKinds) || column.feature >= view.facts.features ||
            is_first != (column.kind == acm::ColumnKind::constant)) {
            return wrong("column " + std::to_string(i));
        }
        if (acm::is_categorical(column.kind)) {
            view.first_category = std::min(view.first_category, i);
        } else if (view.first_category != view.columns.size()) {
            return wrong("order of the columns");
        }
    }
    return Done{};
}

bool is_part(std::uint32_t first, std::uint32_t count, std::size_t size) {
    return first <= size && count <= size - first;
}

Status check_tables(const ModelView& view) {
    if (!all_finite(view.leaves)) return wrong("a leaf is not finite");
    for (const acm::LinearLeaf& leaf : view.linear_leaves) {
        if (!std::isfinite(leaf.if_missing) || !std::isfinite(leaf.constant) ||
            !is_part(leaf.first_term, leaf.terms, view.terms.size())) {
            return wrong("a linear leaf");
        }
    }
    for (const acm::Term& term : view.terms) {
        if (!std::isfinite(term.coefficient) || term.feature >= view.facts.features ||
            term.zero != 0) {
            return wrong("a term of a linear leaf");
        }
    }
    for (const acm::Set& set : view.sets) {
        if (set.words == 0 || set.words > kMaxCategory / 32 ||
            !is_part(set.first_word, set.words, view.set_words.size())) {
            return wrong("a set of categories");
        }
    }
    return Done{};
}

Status check_numbers(const ModelView& view) {
    const std::size_t features = view.facts.features;
    const std::size_t outputs = view.facts.outputs;
    if (view.steps.size() != view.facts.step_count || view.steps.size() > 64 ||
        view.step_values.size() != view.steps.size() * features || !all_finite(view.step_values)) {
        return wrong("steps before the model");
    }
    for (const acm::Step step : view.steps) {
        if (!is_below(step, acm::kSteps)) return wrong("kind of a step");
    }
    if (view.base.size() != outputs || !all_finite(view.base)) return wrong("base");
    const bool linear = view.facts.model_kind == acm::ModelKind::linear;
    if (view.weights.size() != (linear ? features * outputs : 0) || !all_finite(view.weights)) {
        return wrong("weights");
    }
    if (linear && !view.trees.empty()) return wrong("a linear model with trees");
    if (view.golden_predictions.size() != view.facts.golden_rows ||
        view.golden_rows.size() != features * view.facts.golden_rows ||
        !all_finite(view.golden_predictions)) {
        return wrong("golden rows");
    }
    return Done{};
}

}  // namespace

Result<ModelView> read_model(std::span<const std::byte> bytes) {
    const Result<Sections> sections = read_sections(bytes);
    if (!sections) return sections.error();
    ModelView view;
    const auto facts = sections.value()[index_of(SectionId::facts)];
    if (facts.size() != sizeof view.facts) return wrong("facts");
    std::memcpy(&view.facts, facts.data(), sizeof view.facts);
    if (Status checked = check_facts(view.facts); !checked) return checked.error();
    if (Status taken = take_sections(sections.value(), view); !taken) return taken.error();
    const auto texts = sections.value()[index_of(SectionId::texts)];
    if (Status taken = take_texts(texts, view); !taken) return taken.error();
    if (Status checked = check_columns(view); !checked) return checked.error();
    if (Status checked = check_tables(view); !checked) return checked.error();
    if (Status checked = check_numbers(view); !checked) return checked.error();
    if (Status checked = check_nodes(view); !checked) return checked.error();
    return view;
}

}  // namespace appcore::models
