// XGBoost's JSON and UBJSON: one document in two encodings.

#include <algorithm>
#include <array>
#include <string>

#include "appcore/importers/advice.hpp"
#include "appcore/importers/document.hpp"
#include "appcore/importers/feature_names.hpp"
#include "appcore/importers/source.hpp"
#include "appcore/importers/value_reader.hpp"
#include "appcore/importers/xgboost_booster.hpp"
#include "appcore/importers/xgboost_objective.hpp"
#include "appcore/importers/xgboost_tree.hpp"
#include "appcore/models/limits.hpp"

namespace appcore::importers {
namespace {

namespace acm = models::acm;

constexpr std::array<std::string_view, 2> kXgboostRootNames = {"learner", "version"};
constexpr std::array<std::string_view, 6> kLearnerNames = {
    "attributes",       "feature_names",       "feature_types",
    "gradient_booster", "learner_model_param", "objective"};
constexpr std::array<std::string_view, 5> kLearnerParameterNames = {
    "base_score", "boost_from_average", "num_class", "num_feature", "num_target"};

constexpr std::int64_t kLastMajorVersion = 3;
constexpr std::int64_t kLargestVersion = 999;  // in any place of a version

class XgboostImporter {
  public:
    XgboostImporter(acm::Source format, const ImportOptions& options) : options_(options) {
        source_.facts.source = format;
    }

    Result<Source> run(std::string_view text, Encoding encoding) {
        const auto take_tree = [this](Value& tree, std::size_t index,
                                      std::span<const Value* const>) -> Status {
            Status added = add_xgboost_tree(tree, source_.forest);
            if (!added) return in_tree(index, added.error());
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
                "the file is neither a model of XGBoost (it has no 'learner') nor one of "
                "appcore_export.py: save it with save_model(\"model.ubj\")"};
        }
        if (Status done = check_members(root, "model", kXgboostRootNames, kXgboostAdvice); !done) {
            return done;
        }
        if (Status done = read_version(root); !done) return done;
        const Value& learner = member_of(root, "learner");
        if (Status done = check_members(learner, "learner", kLearnerNames, kXgboostAdvice); !done) {
            return done;
        }
        const Value& parameters = member_of(learner, "learner_model_param");
        if (Status done = read_parameters(parameters); !done) return done;
        Status done =
            read_xgboost_objective(member_of(learner, "objective"),
                                   text_of(member_of(parameters, "base_score")), version_, source_);
        if (!done) return done;
        if (done = read_feature_names(learner, "feature_names", source_); !done) return done;
        if (done = choose_output(options_.output, false, source_.facts); !done) return done;
        return read_xgboost_booster(member_of(learner, "gradient_booster"),
                                    member_of(learner, "attributes").find("best_iteration"),
                                    options_.trees, source_);
    }

    Status read_version(const Value& root) {
        const auto numbers = read_integers<std::uint32_t>(root, "version", 0, kLargestVersion, 3);
        if (!numbers) return numbers.error();
        std::string text;
        for (const std::uint32_t number : numbers.value()) {
            if (!text.empty()) text += '.';
            text += std::to_string(number);
        }
        if (numbers.value().front() < 1 || numbers.value().front() > kLastMajorVersion) {
            return Error{"the model is of XGBoost " + text + "; " + std::string(kXgboostAdvice)};
        }
        source_.library = "XGBoost " + text;
        version_ = {numbers.value()[0], numbers.value()[1]};
        return Done{};
    }

    Status read_parameters(const Value& parameters) {
        Status checked = check_members(parameters, "learner_model_param", kLearnerParameterNames,
                                       kXgboostAdvice);
        if (!checked) return checked;
        const auto features = read_count(parameters, "num_feature", 1, models::kMaxFeatures);
        if (!features) return features.error();
        const auto classes = read_count(parameters, "num_class", 0, models::kMaxOutputs);
        if (!classes) return classes.error();
        const Value* const targets = parameters.find("num_target");
        if (targets != nullptr && read_count(targets).value_or(2) > 1) {
            return Error{must_be("num_target", "0 or 1", targets).message +
                         ": appcore does not read models of several targets; train one for each"};
        }
        acm::Facts& facts = source_.facts;
        facts.features = features.value();
        facts.outputs = std::max(classes.value(), 1U);
        facts.input = facts.sum = acm::Arithmetic::float32;
        facts.link_scale = facts.divisor = 1;
        facts.flags = acm::kTakesMissing;
        if (options_.null_is_missing) facts.flags |= acm::kNullIsMissing;
        return Done{};
    }

    const ImportOptions& options_;
    XgboostVersion version_;
    Source source_;
};

}  // namespace

Result<Source> import_xgboost_json(std::string_view text, const ImportOptions& options) {
    return XgboostImporter(acm::Source::xgboost_json, options).run(text, Encoding::json);
}

Result<Source> import_xgboost_ubjson(std::string_view text, const ImportOptions& options) {
    return XgboostImporter(acm::Source::xgboost_ubjson, options).run(text, Encoding::ubjson);
}

}  // namespace appcore::importers
