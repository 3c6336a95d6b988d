// The JSON that appcore_export.py writes of scikit-learn's estimators.

#include <array>
#include <string>

#include "appcore/importers/advice.hpp"
#include "appcore/importers/document.hpp"
#include "appcore/importers/export_model.hpp"
#include "appcore/importers/export_steps.hpp"
#include "appcore/importers/export_tree.hpp"
#include "appcore/importers/feature_names.hpp"
#include "appcore/importers/source.hpp"
#include "appcore/importers/value_reader.hpp"
#include "appcore/models/limits.hpp"

namespace appcore::importers {
namespace {

namespace acm = models::acm;

constexpr std::array<std::string_view, 9> kExportRootNames = {
    "format",  "format_version", "library", "estimator", "features",
    "outputs", "steps",          "model",   "golden"};
constexpr std::array<std::string_view, 2> kFeatureNames = {"count", "names"};

class ExportImporter {
  public:
    explicit ExportImporter(const ImportOptions& options) : options_(options) {
        source_.facts.source = acm::Source::scikit_learn;
        source_.facts.sum = acm::Arithmetic::float64;
        source_.facts.link_scale = source_.facts.divisor = 1;
    }

    Result<Source> run(std::string_view text) {
        const auto take_tree = [this](Value& tree, std::size_t index,
                                      std::span<const Value* const> around) -> Status {
            Status added = add_tree(tree, around);
            if (!added) return in_tree(index, added.error());
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
        if (around.size() != 2) return Error{"'trees' must be in 'model'"};
        if (documented_trees_ == 0) {
            if (Status done = read_facts(*around.front()); !done) return done;
            if (Status done = read_input(*around.back()); !done) return done;
        }
        ++documented_trees_;
        std::optional<std::uint32_t> only;
        if (options_.output.kind != OutputChoice::Kind::largest) {
            only = source_.facts.output_index;
        }
        const ExportTreeFacts facts{source_.facts.input, exact_categories_, source_.facts.features,
                                    source_.facts.outputs, only};
        return add_export_tree(tree, facts, source_.forest, takes_missing_);
    }

    Status read_facts(const Value& root) {
        if (Status done = check_members(root, "document", kExportRootNames, kExportAdvice); !done) {
            return done;
        }
        if (read_count(root.find("format_version")) != 1U) {
            return Error{must_be("format_version", "1", root.find("format_version")).message +
                         ": " + std::string(kExportAdvice)};
        }
        const Value& features = member_of(root, "features");
        Status done = check_members(features, "features", kFeatureNames, kExportAdvice);
        if (!done) return done;
        const auto count = read_count(features, "count", 1, models::kMaxFeatures);
        if (!count) return count.error();
        const auto outputs = read_count(root, "outputs", 1, models::kMaxOutputs);
        if (!outputs) return outputs.error();
        source_.facts.features = count.value();
        source_.facts.outputs = outputs.value();
        return choose_output(options_.output, false, source_.facts);
    }

    Status read_input(const Value& model) {
        const std::string_view input = text_of(member_of(model, "input"));
        if (input == "float32") {
            source_.facts.input = acm::Arithmetic::float32;
            source_.forest = ForestBuilder(acm::NodeKind::small, acm::LeafKind::table);
        } else if (input == "float64") {
            source_.facts.input = acm::Arithmetic::float64;
            source_.forest = ForestBuilder(acm::NodeKind::large, acm::LeafKind::inline_value);
        } else {
            return must_be("input", "'float32' or 'float64', before 'trees'", model.find("input"));
        }
        const Value* const categories = model.find("categories");
        if (categories == nullptr) return Done{};
        if (text_of(*categories) != "exact") return must_be("categories", "'exact'", categories);
        exact_categories_ = true;
        return Done{};
    }

    Status read_root(const Value& root) {
        if (Status done = read_facts(root); !done) return done;
        source_.library = text_of(member_of(root, "library")).substr(0, models::kMaxName);
        source_.objective = text_of(member_of(root, "estimator")).substr(0, models::kMaxName);
        Status done = read_feature_names(member_of(root, "features"), "names", source_);
        if (!done) return done;
        const Result<bool> imputes = read_export_steps(member_of(root, "steps"), source_);
        if (!imputes) return imputes.error();
        done = read_export_model(member_of(root, "model"), documented_trees_, source_);
        if (!done) return done;
        acm::Facts& facts = source_.facts;
        const bool has_trees = facts.model_kind == acm::ModelKind::trees;
        if ((has_trees && takes_missing_) || imputes.value()) facts.flags |= acm::kTakesMissing;
        if (options_.null_is_missing) facts.flags |= acm::kNullIsMissing;
        return read_export_golden(member_of(root, "golden"), source_);
    }

    const ImportOptions& options_;
    Source source_;
    std::size_t documented_trees_ = 0;
    bool exact_categories_ = false;
    bool takes_missing_ = true;  // each tree says where missing values go
};

}  // namespace

Result<Source> import_export(std::string_view text, const ImportOptions& options) {
    return ExportImporter(options).run(text);
}

}  // namespace appcore::importers
