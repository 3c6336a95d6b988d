// XGBoost's JSON and UBJSON: one document in two encodings.

#include <array>
#include <cmath>
#include <string>

#include "appcore/importers/document.hpp"
#include "appcore/importers/source.hpp"
#include "appcore/importers/text_lines.hpp"
#include "appcore/importers/value_reader.hpp"
#include "appcore/importers/xgboost_names.hpp"
#include "appcore/importers/xgboost_objective.hpp"
#include "appcore/importers/xgboost_tree.hpp"
#include "appcore/models/limits.hpp"

namespace appcore::importers {
namespace {

namespace acm = models::acm;

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 2> kRootNames = {"learner", "version"};
constexpr std::array<std::string_view, 6> kLearnerNames = {
    "attributes",       "feature_names",       "feature_types",
    "gradient_booster", "learner_model_param", "objective"};
constexpr std::array<std::string_view, 5> kParameterNames = {
    "base_score", "boost_from_average", "num_class", "num_feature", "num_target"};
constexpr std::array<std::string_view, 4> kBoosterNames = {"gbtree", "model", "name",
                                                           "weight_drop"};
constexpr std::array<std::string_view, 6> kModelNames = {
    "cats", "gbtree_model_param", "iteration_indptr", "tree_info", "trees", "weight_drop"};
constexpr std::array<std::string_view, 5> kModelParameterNames = {
    "num_parallel_tree", "num_trees", "size_leaf_vector", "num_feature", "num_output_group"};
constexpr std::array<std::string_view, 2> kLinearNames = {"weights", "boosted_rounds"};

constexpr double kLastMajorVersion = 3;

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
    Importer(acm::Source format, const ImportOptions& options) : options_(options) {
        source_.facts.source = format;
    }

    Result<Source> run(std::string_view text, Encoding encoding) {
        const auto take_tree = [this](Value& tree, std::size_t index,
                                      std::span<const Value* const>) -> Status {
            Status added = add_xgboost_tree(tree, source_.forest);
            if (!added && !added.error().message.starts_with("tree ") &&
                !added.error().message.starts_with("the model ")) {
                return Error{"tree " + std::to_string(index) + ": " + added.error().message};
            }
            return added;
        };
        Result<Value> document = read_document(text, encoding, Precision::float32, take_tree);
        if (!document) return document.error();
        if (Status read = read_root(document.value()); !read) return read.error();
        source_.forest.finish();
        return std::move(source_);
    }

  private:
    Status read_root(const Value& root) {
        if (root.find("learner") == nullptr) {
            return Error{
                "the file is no model of XGBoost (no 'learner'), and none of "
                "appcore_export.py: save it with save_model(\"model.ubj\")"};
        }
        if (Status done = check_members(root, "model", kRootNames, kXgboostAdvice); !done) {
            return done;
        }
        if (Status done = read_version(member(root, "version")); !done) return done;
        const Value& learner = member(root, "learner");
        if (Status done = check_members(learner, "learner", kLearnerNames, kXgboostAdvice); !done) {
            return done;
        }
        if (Status done = read_parameters(member(learner, "learner_model_param")); !done) {
            return done;
        }
        const std::string_view base_score =
            text_of(member(member(learner, "learner_model_param"), "base_score"));
        Status done = read_xgboost_objective(member(learner, "objective"), base_score, source_);
        if (!done) return done;
        if (done = read_names(member(learner, "feature_names")); !done) return done;
        if (done = choose_output(options_.output, false, source_.facts); !done) return done;
        return read_booster(member(learner, "gradient_booster"), member(learner, "attributes"));
    }

    Status read_version(const Value& version) {
        const Numbers* const numbers = version.numbers();
        if (numbers == nullptr || numbers->size() != 3) return Error{"'version' is missing"};
        std::string text;
        for (const double number : *numbers) {
            if (!(number >= 0 && number < 1000)) return Error{"'version' is no version"};
            if (!text.empty()) text += '.';
            text += std::to_string(static_cast<int>(number));
        }
        if (numbers->front() < 1 || numbers->front() > kLastMajorVersion) {
            return Error{"the model is of XGBoost " + text + "; " + std::string(kXgboostAdvice)};
        }
        source_.library = "XGBoost " + text;
        return Done{};
    }

    Status read_parameters(const Value& parameters) {
        Status checked =
            check_members(parameters, "learner_model_param", kParameterNames, kXgboostAdvice);
        if (!checked) return checked;
        const auto features = read_count(parameters.find("num_feature"));
        const auto classes = read_count(parameters.find("num_class"));
        const Value* const target = parameters.find("num_target");
        const auto targets =
            target == nullptr ? std::optional<std::uint32_t>(1) : read_count(target);
        if (!features || *features == 0 || *features > models::kMaxFeatures) {
            return Error{"'num_feature' must be an integer from 1 to " +
                         std::to_string(models::kMaxFeatures)};
        }
        if (!classes || *classes > models::kMaxOutputs) {
            return Error{"'num_class' must be an integer up to " +
                         std::to_string(models::kMaxOutputs)};
        }
        if (!targets || *targets > 1) {
            return Error{
                "'num_target' is above 1: appcore does not read models of several targets; "
                "train one model for each"};
        }
        acm::Facts& facts = source_.facts;
        facts.features = *features;
        facts.outputs = std::max(*classes, 1U);
        facts.input = facts.sum = acm::Arithmetic::float32;
        facts.link_scale = facts.divisor = 1;
        facts.flags = acm::kTakesMissing;
        if (options_.null_is_missing) facts.flags |= acm::kNullIsMissing;
        return Done{};
    }

    Status read_names(const Value& value) {
        const std::size_t features = source_.facts.features;
        const Array* const names = value.array();
        if (names == nullptr || names->empty()) {
            for (std::size_t i = 0; i < features; ++i) {
                source_.names.push_back("f" + std::to_string(i));
            }
            return Done{};
        }
        if (names->size() != features) {
            return Error{"'feature_names' are not " + std::to_string(features) +
                         ", as 'num_feature' says"};
        }
        for (const Value& name : *names) {
            if (name.text() == nullptr || name.text()->size() > models::kMaxName) {
                return Error{"'feature_names' has an element that is no name"};
            }
            source_.names.push_back(*name.text());
        }
        return Done{};
    }

    Status read_booster(const Value& booster, const Value& attributes) {
        Status checked = check_members(booster, "gradient_booster", kBoosterNames, kXgboostAdvice);
        if (!checked) return checked;
        const std::string_view name = text_of(member(booster, "name"));
        if (name == "gblinear") return read_linear(member(booster, "model"));
        if (name == "gbtree") {
            if (Status done = read_trees(member(booster, "model"), attributes); !done) return done;
            const Value* const weights = booster.find("weight_drop");
            return weights == nullptr ? Status(Done{}) : scale_trees(*weights);
        }
        if (name == "dart") {
            const Value& inner = member(booster, "gbtree");
            checked = check_members(inner, "gbtree", kBoosterNames, kXgboostAdvice);
            if (!checked) return checked;
            if (Status done = read_trees(member(inner, "model"), attributes); !done) return done;
            return scale_trees(member(booster, "weight_drop"));
        }
        return Error{"the booster " + shown_name(name) +
                     " is unknown; appcore reads gbtree, dart and gblinear"};
    }

    // The trees themselves have been taken while the document was read.
    Status read_trees(const Value& model, const Value& attributes) {
        if (Status done = check_members(model, "model", kModelNames, kXgboostAdvice); !done) {
            return done;
        }
        const Value& parameters = member(model, "gbtree_model_param");
        Status checked =
            check_members(parameters, "gbtree_model_param", kModelParameterNames, kXgboostAdvice);
        if (!checked) return checked;
        if (Status done = check_recoder(model.find("cats")); !done) return done;
        source_.facts.model_kind = acm::ModelKind::trees;
        all_trees_ = source_.forest.tree_count();
        const auto count = read_count(parameters.find("num_trees"));
        if (!count || *count != all_trees_) {
            return Error{"'num_trees' does not fit the " + std::to_string(all_trees_) +
                         " trees of the file"};
        }
        const auto groups = read_integers<std::uint32_t>(model, "tree_info", 0,
                                                         source_.facts.outputs - 1.0, all_trees_);
        if (!groups) return groups.error();
        for (std::size_t i = 0; i < all_trees_; ++i) {
            source_.forest.set_output(i, groups.value()[i]);
        }
        if (const Value* const weights = model.find("weight_drop")) {
            if (weights->numbers() == nullptr || !weights->numbers()->empty()) {
                if (Status done = scale_trees(*weights); !done) return done;
            }
        }
        return choose_trees(model, read_count(parameters.find("num_parallel_tree")),
                            attributes.find("best_iteration"));
    }

    // Since 3.1 a model may translate categories to others before its trees see them.
    static Status check_recoder(const Value* cats) {
        if (cats == nullptr) return Done{};
        const Value* const columns = cats->find("enc");
        const bool is_empty =
            columns != nullptr && ((columns->array() != nullptr && columns->array()->empty()) ||
                                   (columns->numbers() != nullptr && columns->numbers()->empty()));
        if (is_empty) return Done{};
        return Error{
            "'cats' holds a translation of categories, which appcore does not read: train "
            "with categories that are integer codes already, not a data frame's"};
    }

    Status scale_trees(const Value& value) {
        const Numbers* const weights = value.numbers();
        if (weights == nullptr || weights->size() != all_trees_) {
            return Error{"'weight_drop' must be a list of " + std::to_string(all_trees_) +
                         " numbers"};
        }
        for (std::size_t i = 0; i < source_.forest.tree_count(); ++i) {
            const auto weight = static_cast<float>((*weights)[i]);
            if (!std::isfinite(weight))
                return Error{"'weight_drop' has a weight that is not finite"};
            source_.forest.scale_leaves(i, weight);
        }
        return Done{};
    }

    Status choose_trees(const Value& model, std::optional<std::uint32_t> parallel,
                        const Value* best) {
        if (best == nullptr) return Done{};
        const std::optional<std::uint32_t> best_iteration = read_count(best);
        if (!best_iteration) return Error{"'best_iteration' must be a number"};
        Result<std::size_t> kept = trees_up_to(model, parallel, *best_iteration);
        if (!kept) return kept.error();
        if (kept.value() >= all_trees_) return Done{};
        if (options_.trees == TreeChoice::unsaid) {
            return Error{"training stopped early: the best iteration is " +
                         std::to_string(*best_iteration) + ", after " +
                         std::to_string(kept.value()) + " of " + std::to_string(all_trees_) +
                         " trees; say --trees best, as XGBClassifier and XGBRegressor predict, or "
                         "--trees all, as Booster.predict() does"};
        }
        if (options_.trees == TreeChoice::best) source_.forest.truncate(kept.value());
        return Done{};
    }

    // How many trees the iterations up to `iteration` have.
    Result<std::size_t> trees_up_to(const Value& model, std::optional<std::uint32_t> parallel,
                                    std::uint32_t iteration) const {
        if (model.find("iteration_indptr") != nullptr) {
            auto ends = read_integers<std::size_t>(model, "iteration_indptr", 0,
                                                   static_cast<double>(all_trees_));
            if (!ends) return ends.error();
            const std::size_t place = std::size_t{iteration} + 1;
            return place < ends.value().size() ? ends.value()[place] : all_trees_;
        }
        return (std::size_t{iteration} + 1) * std::max(parallel.value_or(1), 1U) *
               source_.facts.outputs;
    }

    Status read_linear(const Value& model) {
        if (Status done = check_members(model, "model", kLinearNames, kXgboostAdvice); !done) {
            return done;
        }
        acm::Facts& facts = source_.facts;
        facts.model_kind = acm::ModelKind::linear;
        facts.flags |= acm::kLinearSkipsMissing;
        const std::size_t outputs = facts.outputs;
        const auto weights = read_numbers(model, "weights", (facts.features + 1) * outputs);
        if (!weights) return weights.error();
        for (const double weight : weights.value()) {
            if (!std::isfinite(static_cast<float>(weight))) {
                return Error{"'weights' has a number that is too large for float32"};
            }
        }
        for (std::size_t output = 0; output < outputs; ++output) {
            for (std::size_t i = 0; i < facts.features; ++i) {
                source_.weights.push_back(weights.value()[i * outputs + output]);
            }
            const auto bias =
                static_cast<float>(weights.value()[facts.features * outputs + output]);
            source_.base[output] =
                static_cast<double>(bias + static_cast<float>(source_.base[output]));
        }
        return Done{};
    }

    const ImportOptions& options_;
    Source source_;
    std::size_t all_trees_ = 0;
};

}  // namespace

Result<Source> import_xgboost_json(std::string_view text, const ImportOptions& options) {
    return Importer(acm::Source::xgboost_json, options).run(text, Encoding::json);
}

Result<Source> import_xgboost_ubjson(std::string_view text, const ImportOptions& options) {
    return Importer(acm::Source::xgboost_ubjson, options).run(text, Encoding::ubjson);
}

}  // namespace appcore::importers
