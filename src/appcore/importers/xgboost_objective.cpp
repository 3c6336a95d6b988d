#include "appcore/importers/xgboost_objective.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "appcore/importers/advice.hpp"
#include "appcore/importers/text_lines.hpp"
#include "appcore/importers/value_reader.hpp"

namespace appcore::importers {
namespace {

using models::acm::Link;

// From the base score to the margin where sums begin.
enum class Base : unsigned char { as_it_is, logit, logarithm };

struct XgboostObjective {
    std::string_view name;
    Link link;
    Base base;
    bool has_classes;
};

constexpr std::array kXgboostObjectives = {
    XgboostObjective{"reg:squarederror", Link::identity, Base::as_it_is, false},
    XgboostObjective{"reg:linear", Link::identity, Base::as_it_is, false},
    XgboostObjective{"reg:squaredlogerror", Link::identity, Base::as_it_is, false},
    XgboostObjective{"reg:pseudohubererror", Link::identity, Base::as_it_is, false},
    XgboostObjective{"reg:absoluteerror", Link::identity, Base::as_it_is, false},
    XgboostObjective{"reg:quantileerror", Link::identity, Base::as_it_is, false},
    XgboostObjective{"reg:expectileerror", Link::identity, Base::as_it_is, false},
    XgboostObjective{"reg:logistic", Link::xgboost_sigmoid, Base::logit, false},
    XgboostObjective{"reg:gamma", Link::xgboost_exp, Base::logarithm, false},
    XgboostObjective{"reg:tweedie", Link::xgboost_exp, Base::logarithm, false},
    XgboostObjective{"binary:logistic", Link::xgboost_sigmoid, Base::logit, false},
    XgboostObjective{"binary:logitraw", Link::identity, Base::as_it_is, false},
    XgboostObjective{"binary:hinge", Link::xgboost_hinge, Base::as_it_is, false},
    XgboostObjective{"count:poisson", Link::xgboost_exp, Base::logarithm, false},
    XgboostObjective{"survival:cox", Link::xgboost_exp, Base::logarithm, false},
    XgboostObjective{"survival:aft", Link::xgboost_exp_of_double, Base::logarithm, false},
    XgboostObjective{"rank:pairwise", Link::identity, Base::as_it_is, false},
    XgboostObjective{"rank:ndcg", Link::identity, Base::as_it_is, false},
    XgboostObjective{"rank:map", Link::identity, Base::as_it_is, false},
    XgboostObjective{"multi:softmax", Link::xgboost_softmax, Base::as_it_is, true},
    XgboostObjective{"multi:softprob", Link::xgboost_softmax, Base::as_it_is, true},
};

// Of training only, apart from the number of quantiles, expectiles and classes, which shows in the
// outputs. "ti+" and "tj-" are what an unbiased ranking has learnt of positions.
constexpr std::array<std::string_view, 14> kObjectiveNames = {"name",
                                                              "reg_loss_param",
                                                              "poisson_regression_param",
                                                              "tweedie_regression_param",
                                                              "softmax_multiclass_param",
                                                              "lambda_rank_param",
                                                              "lambdarank_param",
                                                              "aft_loss_param",
                                                              "pseudo_huber_param",
                                                              "quantile_loss_param",
                                                              "expectile_loss_param",
                                                              "gamma_regression_param",
                                                              "ti+",
                                                              "tj-"};

// From this version on the base score of a logistic objective may be 0 or 1, and is kept this far
// from both.
constexpr XgboostVersion kBoundsBaseScore = {3, 2};
constexpr float kFromBounds = 1e-6F;

// "5E-1", or since XGBoost 3.1 "[5E-1,2.5E-1]".
std::optional<std::vector<float>> read_scores(std::string_view text) {
    if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
    std::vector<float> scores;
    while (true) {
        const std::size_t comma = text.find(',');
        std::string_view number = text.substr(0, comma);
        while (number.starts_with(' ')) number.remove_prefix(1);
        while (number.ends_with(' ')) number.remove_suffix(1);
        const auto score = parse_whole<float>(number);
        if (!score || !std::isfinite(*score)) return std::nullopt;
        scores.push_back(*score);
        if (comma == std::string_view::npos) return scores;
        text.remove_prefix(comma + 1);
    }
}

Result<float> margin_of(float score, const XgboostObjective& objective, XgboostVersion version) {
    const auto outside = [&](std::string_view domain) {
        return Error{"the base_score of " + std::string(objective.name) + " must be " +
                     std::string(domain) + ", got " + std::to_string(score) +
                     ": set base_score in training, or save the model again"};
    };
    switch (objective.base) {
        case Base::as_it_is:
            return score;
        case Base::logit:
            if (version.is_at_least(kBoundsBaseScore)) {
                if (!(score >= 0 && score <= 1)) return outside("from 0 to 1");
                score = std::clamp(score, kFromBounds, 1.0F - kFromBounds);
            }
            if (!(score > 0 && score < 1)) return outside("above 0 and below 1");
            return -logf(1.0F / score - 1.0F);
        case Base::logarithm:
            if (!(score > 0)) return outside("above 0");
            return logf(score);
    }
    return score;
}

}  // namespace

Status read_xgboost_objective(const Value& value, std::string_view base_score,
                              XgboostVersion version, Source& source) {
    Status checked = check_members(value, "objective", kObjectiveNames, kXgboostAdvice);
    if (!checked) return checked;
    const Value* const name = value.find("name");
    if (name == nullptr || name->text() == nullptr) return Error{"the objective has no 'name'"};
    const auto* const objective =
        std::ranges::find(kXgboostObjectives, *name->text(), &XgboostObjective::name);
    if (objective == kXgboostObjectives.end()) {
        return Error{"the objective " + shown_name(*name->text()) +
                     " is unknown, so that its link is, too; train with one that appcore knows: "
                     "reg:*, binary:*, count:poisson, multi:*, rank:*, survival:*"};
    }
    const std::uint32_t outputs = source.facts.outputs;
    if (objective->has_classes != (outputs > 1)) {
        return Error{"the objective " + shown_name(objective->name) + " does not have " +
                     std::to_string(outputs) +
                     " outputs; appcore reads several outputs of multi:softprob and multi:softmax"};
    }
    source.objective = objective->name;
    source.facts.link = objective->link;
    const auto scores = read_scores(base_score);
    if (!scores || (scores->size() != 1 && scores->size() != outputs)) {
        return Error{"'base_score' must be a number, or one for each output, got " +
                     shown_name(base_score)};
    }
    for (std::uint32_t i = 0; i < outputs; ++i) {
        const Result<float> margin =
            margin_of((*scores)[scores->size() == 1 ? 0 : i], *objective, version);
        if (!margin) return margin.error();
        source.base.push_back(static_cast<double>(margin.value()));
    }
    return Done{};
}

}  // namespace appcore::importers
