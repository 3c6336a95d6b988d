// The JSON that appcore_export.py writes of scikit-learn's estimators.

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "appcore/importers/document.hpp"
#include "appcore/importers/export_names.hpp"
#include "appcore/importers/export_steps.hpp"
#include "appcore/importers/export_tree.hpp"
#include "appcore/importers/source.hpp"
#include "appcore/importers/value_reader.hpp"
#include "appcore/models/limits.hpp"

namespace appcore::importers {
namespace {

namespace acm = models::acm;

constexpr std::array<std::string_view, 9> kRootNames = {"format",    "format_version", "library",
                                                        "estimator", "features",       "outputs",
                                                        "steps",     "model",          "golden"};
constexpr std::array<std::string_view, 2> kFeatureNames = {"count", "names"};
constexpr std::array<std::string_view, 7> kTreesNames = {"kind", "input",         "base", "average",
                                                         "link", "sigmoid_scale", "trees"};
constexpr std::array<std::string_view, 5> kLinearNames = {"kind", "coefficients", "intercept",
                                                          "link", "sigmoid_scale"};
constexpr std::array<std::string_view, 2> kGoldenNames = {"rows", "predictions"};

const Value kNothing;

const Value& member(const Value& value, std::string_view name) {
    const Value* const found = value.find(name);
    return found == nullptr ? kNothing : *found;
}

std::string_view text_of(const Value& value) {
    return value.text() == nullptr ? std::string_view() : std::string_view(*value.text());
}

class Importer {
  public:
    explicit Importer(const ImportOptions& options) : options_(options) {
        source_.facts.source = acm::Source::scikit_learn;
        source_.facts.link_scale = source_.facts.divisor = 1;
    }

    Result<Source> run(std::string_view text) {
        const auto take_tree = [this](Value& tree, std::size_t index,
                                      std::span<const Value* const> around) -> Status {
            Status added = add_tree(tree, around);
            if (!added && !added.error().message.starts_with("tree ")) {
                return Error{"tree " + std::to_string(index) + ": " + added.error().message};
            }
            return added;
        };
        Result<Value> document = read_document(text, Encoding::json, Precision::float64, take_tree);
        if (!document) return document.error();
        if (Status read = read_root(document.value()); !read) return read.error();
        source_.forest.finish();
        return std::move(source_);
    }

  private:
    // The first tree finds what comes before it in the document.
    Status add_tree(const Value& tree, std::span<const Value* const> around) {
        if (around.size() != 2) return Error{"'trees' is not in 'model'"};
        if (documented_trees_ == 0) {
            if (Status done = read_facts(*around.front()); !done) return done;
            if (Status done = read_input(*around.back()); !done) return done;
        }
        ++documented_trees_;
        std::optional<std::uint32_t> only;
        if (options_.output.kind != OutputChoice::Kind::largest) {
            only = source_.facts.output_index;
        }
        const ExportTreeFacts facts{source_.facts.input, source_.facts.features,
                                    source_.facts.outputs, only};
        return add_export_tree(tree, facts, source_.forest, takes_missing_);
    }

    Status read_facts(const Value& root) {
        if (Status done = check_members(root, "document", kRootNames, kExportAdvice); !done) {
            return done;
        }
        if (read_count(root.find("format_version")) != 1U) {
            return Error{"'format_version' is not 1; " + std::string(kExportAdvice)};
        }
        const Value& features = member(root, "features");
        if (Status done = check_members(features, "features", kFeatureNames, kExportAdvice);
            !done) {
            return done;
        }
        const auto count = read_count(features.find("count"));
        const auto outputs = read_count(root.find("outputs"));
        if (!count || *count == 0 || *count > models::kMaxFeatures) {
            return Error{"the number of features is none from 1 to " +
                         std::to_string(models::kMaxFeatures)};
        }
        if (!outputs || *outputs == 0 || *outputs > models::kMaxOutputs) {
            return Error{"'outputs' must come before 'model', from 1 to " +
                         std::to_string(models::kMaxOutputs)};
        }
        source_.facts.features = *count;
        source_.facts.outputs = *outputs;
        return choose_output(options_.output, false, source_.facts);
    }

    Status read_input(const Value& model) {
        const std::string_view input = text_of(member(model, "input"));
        if (input == "float32") {
            source_.facts.input = acm::Arithmetic::float32;
            source_.forest = ForestBuilder(acm::NodeKind::small, acm::LeafKind::table);
        } else if (input == "float64") {
            source_.facts.input = acm::Arithmetic::float64;
            source_.forest = ForestBuilder(acm::NodeKind::large, acm::LeafKind::inline_value);
        } else {
            return Error{"'input' must come before 'trees', as float32 or float64"};
        }
        return Done{};
    }

    Status read_root(const Value& root) {
        if (Status done = read_facts(root); !done) return done;
        source_.library = text_of(member(root, "library")).substr(0, models::kMaxName);
        source_.objective = text_of(member(root, "estimator")).substr(0, models::kMaxName);
        if (Status done = read_names(member(member(root, "features"), "names")); !done) return done;
        source_.facts.sum = acm::Arithmetic::float64;
        const Result<bool> imputes = read_export_steps(member(root, "steps"), source_);
        if (!imputes) return imputes.error();
        const Value& model = member(root, "model");
        const std::string_view kind = text_of(member(model, "kind"));
        if (kind != "trees" && kind != "linear") return Error{"the model's 'kind' is unknown"};
        Status read = kind == "trees" ? read_trees(model) : read_linear(model);
        if (!read) return read;
        if (takes_missing_ || imputes.value()) source_.facts.flags |= acm::kTakesMissing;
        if (options_.null_is_missing) source_.facts.flags |= acm::kNullIsMissing;
        return read_golden(member(root, "golden"));
    }

    Status read_names(const Value& value) {
        const std::size_t features = source_.facts.features;
        const Array* const names = value.array();
        for (std::size_t i = 0; names == nullptr && i < features; ++i) {
            source_.names.push_back("f" + std::to_string(i));
        }
        if (names == nullptr) return Done{};
        for (const Value& name : *names) {
            if (name.text() == nullptr || name.text()->size() > models::kMaxName) break;
            source_.names.push_back(*name.text());
        }
        if (source_.names.size() == features && names->size() == features) return Done{};
        return Error{"the names of the features are not " + std::to_string(features) + " texts"};
    }

    Status read_link(const Value& model, bool linear) {
        const std::string_view link = text_of(member(model, "link"));
        acm::Facts& facts = source_.facts;
        if (link == "identity") {
            facts.link = acm::Link::identity;
        } else if (link == "sigmoid") {
            facts.link = acm::Link::sigmoid;
        } else if (link == "softmax") {
            facts.link = acm::Link::softmax;
        } else if (link == "exp") {
            facts.link = acm::Link::exp;
        } else if (link == "sigmoid_normalized") {
            facts.link = acm::Link::sigmoid_normalized;
        } else {
            return Error{"the link " + shown_name(link) + " is unknown; " +
                         std::string(kExportAdvice)};
        }
        source_.is_exact = !linear && (link == "identity" || link == "sigmoid");
        if (const Value* const scale = model.find("sigmoid_scale")) {
            if (scale->number() == nullptr || !(*scale->number() > 0)) {
                return Error{"'sigmoid_scale' is not above 0"};
            }
            facts.link_scale = *scale->number();
        }
        return Done{};
    }

    Status read_trees(const Value& model) {
        if (Status done = check_members(model, "model", kTreesNames, kExportAdvice); !done) {
            return done;
        }
        if (documented_trees_ == 0) return Error{"the model has no trees"};
        if (Status done = read_link(model, false); !done) return done;
        source_.facts.model_kind = acm::ModelKind::trees;
        auto base = read_numbers(model, "base", source_.facts.outputs);
        if (!base) return base.error();
        source_.base = std::move(base).value();
        const double* const average = member(model, "average").number();
        if (average != nullptr && *average == 1) {
            // Trees for all outputs count once for each, others are the same number for each.
            source_.facts.divisor = static_cast<double>(documented_trees_);
        }
        return Done{};
    }

    Status read_linear(const Value& model) {
        if (Status done = check_members(model, "model", kLinearNames, kExportAdvice); !done) {
            return done;
        }
        if (Status done = read_link(model, true); !done) return done;
        acm::Facts& facts = source_.facts;
        facts.model_kind = acm::ModelKind::linear;
        facts.input = acm::Arithmetic::float64;
        takes_missing_ = false;
        auto base = read_numbers(model, "intercept", facts.outputs);
        if (!base) return base.error();
        source_.base = std::move(base).value();
        const Array* const rows = member(model, "coefficients").array();
        if (rows == nullptr || rows->size() != facts.outputs) {
            return Error{"'coefficients' are not one list for each output"};
        }
        for (const Value& row : *rows) {
            const Numbers* const numbers = row.numbers();
            if (numbers == nullptr || numbers->size() != facts.features ||
                !std::ranges::all_of(*numbers, [](double x) { return std::isfinite(x); })) {
                return Error{"'coefficients' has a list that is not one number a feature"};
            }
            source_.weights.insert(source_.weights.end(), numbers->begin(), numbers->end());
        }
        return Done{};
    }

    Status read_golden(const Value& golden) {
        if (Status done = check_members(golden, "golden", kGoldenNames, kExportAdvice); !done) {
            return done;
        }
        if (source_.facts.output == acm::Output::margin) return Done{};
        const Array* const rows = member(golden, "rows").array();
        if (rows == nullptr) return Done{};
        Golden& to = source_.golden;
        for (const Value& row : *rows) {
            if (row.numbers() == nullptr || row.numbers()->size() != source_.facts.features) {
                return Error{"a golden row is not one number a feature"};
            }
            to.rows.insert(to.rows.end(), row.numbers()->begin(), row.numbers()->end());
        }
        const Value& predictions = member(golden, "predictions");
        if (source_.facts.outputs == 1) {
            if (predictions.numbers() != nullptr) to.predictions = *predictions.numbers();
        } else if (predictions.array() != nullptr) {
            for (const Value& row : *predictions.array()) {
                const Result<double> selected = select(row.numbers());
                if (!selected) return selected.error();
                to.predictions.push_back(selected.value());
            }
        }
        if (to.predictions.size() != rows->size()) {
            return Error{"there are " + std::to_string(rows->size()) + " golden rows, and " +
                         std::to_string(to.predictions.size()) + " predictions"};
        }
        return Done{};
    }

    [[nodiscard]] Result<double> select(const Numbers* outputs) const {
        if (outputs == nullptr || outputs->size() != source_.facts.outputs) {
            return Error{"a golden prediction is not one number an output"};
        }
        if (source_.facts.output == acm::Output::value) {
            return (*outputs)[source_.facts.output_index];
        }
        return static_cast<double>(std::ranges::max_element(*outputs) - outputs->begin());
    }

    const ImportOptions& options_;
    Source source_;
    std::size_t documented_trees_ = 0;
    bool takes_missing_ = true;
};

}  // namespace

Result<Source> import_export(std::string_view text, const ImportOptions& options) {
    return Importer(options).run(text);
}

}  // namespace appcore::importers
