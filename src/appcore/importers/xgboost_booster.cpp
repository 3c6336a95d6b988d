#include "appcore/importers/xgboost_booster.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "appcore/importers/advice.hpp"
#include "appcore/importers/value_reader.hpp"
#include "appcore/models/limits.hpp"

namespace appcore::importers {
namespace {

namespace acm = models::acm;

constexpr std::array<std::string_view, 4> kBoosterNames = {"gbtree", "model", "name",
                                                           "weight_drop"};
constexpr std::array<std::string_view, 6> kModelNames = {
    "cats", "gbtree_model_param", "iteration_indptr", "tree_info", "trees", "weight_drop"};
constexpr std::array<std::string_view, 5> kBoosterParameterNames = {
    "num_parallel_tree", "num_trees", "size_leaf_vector", "num_feature", "num_output_group"};
constexpr std::array<std::string_view, 2> kXgboostLinearNames = {"weights", "boosted_rounds"};

class BoosterReader {
  public:
    BoosterReader(const Value* best_iteration, TreeChoice trees, Source& source)
        : best_iteration_(best_iteration),
          choice_(trees),
          source_(source),
          all_trees_(source.forest.tree_count()) {}

    Status read(const Value& booster) {
        Status checked = check_members(booster, "gradient_booster", kBoosterNames, kXgboostAdvice);
        if (!checked) return checked;
        const std::string_view name = text_of(member_of(booster, "name"));
        if (name == "gblinear") return read_linear(member_of(booster, "model"));
        if (name == "gbtree") {
            if (Status done = read_trees(member_of(booster, "model")); !done) return done;
            return booster.find("weight_drop") == nullptr ? Status(Done{}) : scale_trees(booster);
        }
        if (name == "dart") {
            const Value& inner = member_of(booster, "gbtree");
            checked = check_members(inner, "gbtree", kBoosterNames, kXgboostAdvice);
            if (!checked) return checked;
            if (Status done = read_trees(member_of(inner, "model")); !done) return done;
            return scale_trees(booster);
        }
        return Error{"the booster " + shown_name(name) +
                     " is unknown; appcore reads gbtree, dart and gblinear"};
    }

  private:
    Status read_trees(const Value& model) {
        if (Status done = check_members(model, "model", kModelNames, kXgboostAdvice); !done) {
            return done;
        }
        const Value& parameters = member_of(model, "gbtree_model_param");
        Status checked =
            check_members(parameters, "gbtree_model_param", kBoosterParameterNames, kXgboostAdvice);
        if (!checked) return checked;
        if (Status done = check_recoder(model.find("cats")); !done) return done;
        source_.facts.model_kind = acm::ModelKind::trees;
        const auto trees = static_cast<std::uint32_t>(all_trees_);
        if (read_count(parameters.find("num_trees")) != trees) {
            return must_be("num_trees", std::to_string(trees) + ", the number of trees in the file",
                           parameters.find("num_trees"));
        }
        const auto groups = read_integers<std::uint32_t>(
            model, "tree_info", 0, std::int64_t{source_.facts.outputs} - 1, all_trees_);
        if (!groups) return groups.error();
        for (std::size_t i = 0; i < all_trees_; ++i) {
            source_.forest.set_output(i, groups.value()[i]);
        }
        // Since 3.4 dart's weights are here; other boosters may have an empty list.
        const Numbers* const weights = member_of(model, "weight_drop").numbers();
        if (model.find("weight_drop") != nullptr && (weights == nullptr || !weights->empty())) {
            if (Status done = scale_trees(model); !done) return done;
        }
        if (Status done = check_iterations(model); !done) return done;
        return choose_trees(model, read_count(parameters.find("num_parallel_tree")));
    }

    // Since 2.0 a model says where each iteration's trees end, from 0 on.
    [[nodiscard]] Status check_iterations(const Value& model) const {
        if (model.find("iteration_indptr") == nullptr) return Done{};
        const auto ends = read_integers<std::size_t>(model, "iteration_indptr", 0,
                                                     static_cast<std::int64_t>(all_trees_));
        if (!ends) return ends.error();
        const std::vector<std::size_t>& places = ends.value();
        const bool is_whole =
            places.empty() ? all_trees_ == 0 : places.front() == 0 && places.back() == all_trees_;
        if (is_whole && std::ranges::is_sorted(places)) return Done{};
        return must_be(
            "iteration_indptr",
            "a list that ascends from 0 to " + std::to_string(all_trees_) + ", the number of trees",
            model.find("iteration_indptr"));
    }

    // Since 3.1 a model may translate categories to others before its trees see them.
    static Status check_recoder(const Value* cats) {
        if (cats == nullptr) return Done{};
        const Value& columns = member_of(*cats, "enc");
        const bool is_empty = (columns.array() != nullptr && columns.array()->empty()) ||
                              (columns.numbers() != nullptr && columns.numbers()->empty());
        if (is_empty) return Done{};
        return Error{
            "'cats' holds a translation of categories, which appcore does not read: train "
            "with categories that are integer codes already, not a data frame's"};
    }

    Status scale_trees(const Value& owner) {
        if (std::exchange(is_scaled_, true)) return Error{"'weight_drop' is there twice"};
        const auto weights = read_numbers(owner, "weight_drop", all_trees_);
        if (!weights) return weights.error();
        for (std::size_t i = 0; i < source_.forest.tree_count(); ++i) {
            const auto weight = static_cast<float>(weights.value()[i]);
            if (!std::isfinite(weight)) return too_large("weight_drop", weights.value()[i]);
            source_.forest.scale_leaves(i, weight);
        }
        return Done{};
    }

    Status choose_trees(const Value& model, std::optional<std::uint32_t> parallel) {
        if (best_iteration_ == nullptr) return Done{};
        const std::optional<std::uint32_t> best = read_count(best_iteration_);
        if (!best) return must_be("best_iteration", "an integer", best_iteration_);
        const Result<std::size_t> kept = trees_up_to(model, parallel, *best);
        if (!kept) return kept.error();
        if (kept.value() >= all_trees_) return Done{};
        if (choice_ == TreeChoice::unsaid) {
            return Error{"training stopped early: the best iteration is " + std::to_string(*best) +
                         ", after " + std::to_string(kept.value()) + " of " +
                         std::to_string(all_trees_) +
                         " trees; say --trees best, as XGBClassifier and XGBRegressor predict, or "
                         "--trees all, as Booster.predict() does"};
        }
        if (choice_ == TreeChoice::best) source_.forest.truncate(kept.value());
        return Done{};
    }

    // How many trees the iterations up to `iteration` have.
    [[nodiscard]] Result<std::size_t> trees_up_to(const Value& model,
                                                  std::optional<std::uint32_t> parallel,
                                                  std::uint32_t iteration) const {
        if (model.find("iteration_indptr") != nullptr) {
            const auto ends = read_integers<std::size_t>(model, "iteration_indptr", 0,
                                                         static_cast<std::int64_t>(all_trees_));
            if (!ends) return ends.error();
            const std::size_t place = std::size_t{iteration} + 1;
            return place < ends.value().size() ? ends.value()[place] : all_trees_;
        }
        return (std::size_t{iteration} + 1) * std::max(parallel.value_or(1), 1U) *
               source_.facts.outputs;
    }

    Status read_linear(const Value& model) {
        if (Status done = check_members(model, "model", kXgboostLinearNames, kXgboostAdvice);
            !done) {
            return done;
        }
        acm::Facts& facts = source_.facts;
        facts.model_kind = acm::ModelKind::linear;
        facts.flags |= acm::kLinearSkipsMissing;
        const std::size_t outputs = facts.outputs;
        const auto weights = read_numbers(model, "weights", (facts.features + 1) * outputs);
        if (!weights) return weights.error();
        for (const double weight : weights.value()) {
            if (!std::isfinite(static_cast<float>(weight))) return too_large("weights", weight);
        }
        // XGBoost adds the first base score to each output, also where there is one for each.
        const auto base = static_cast<float>(source_.base.front());
        for (std::size_t output = 0; output < outputs; ++output) {
            for (std::size_t i = 0; i < facts.features; ++i) {
                source_.weights.push_back(weights.value()[i * outputs + output]);
            }
            const auto bias =
                static_cast<float>(weights.value()[facts.features * outputs + output]);
            source_.base[output] = static_cast<double>(bias + base);
        }
        return Done{};
    }

    static Error too_large(std::string_view name, double number) {
        const Value got{number};
        return must_be(name, "a list of numbers that fit float32", &got);
    }

    const Value* best_iteration_;
    TreeChoice choice_;
    Source& source_;
    std::size_t all_trees_;
    bool is_scaled_ = false;  // by weight_drop
};

}  // namespace

Status read_xgboost_booster(const Value& booster, const Value* best_iteration, TreeChoice trees,
                            Source& source) {
    return BoosterReader(best_iteration, trees, source).read(booster);
}

}  // namespace appcore::importers
