#include "appcore/importers/lightgbm_objective.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>

#include "appcore/importers/text_lines.hpp"

namespace appcore::importers {
namespace {

using models::acm::Link;

enum class Scores : unsigned char { one, classes };

struct LightgbmObjective {
    std::string_view name;
    Link link;
    bool knows_sqrt;
    Scores scores;
};

constexpr std::array kLightgbmObjectives = {
    LightgbmObjective{"regression", Link::identity, true, Scores::one},
    LightgbmObjective{"regression_l2", Link::identity, true, Scores::one},
    LightgbmObjective{"mean_squared_error", Link::identity, true, Scores::one},
    LightgbmObjective{"mse", Link::identity, true, Scores::one},
    LightgbmObjective{"l2", Link::identity, true, Scores::one},
    LightgbmObjective{"rmse", Link::identity, true, Scores::one},
    LightgbmObjective{"regression_l1", Link::identity, true, Scores::one},
    LightgbmObjective{"l1", Link::identity, true, Scores::one},
    LightgbmObjective{"mae", Link::identity, true, Scores::one},
    LightgbmObjective{"huber", Link::identity, false, Scores::one},
    LightgbmObjective{"fair", Link::identity, true, Scores::one},
    LightgbmObjective{"quantile", Link::identity, true, Scores::one},
    LightgbmObjective{"mape", Link::identity, true, Scores::one},
    LightgbmObjective{"poisson", Link::exp, false, Scores::one},
    LightgbmObjective{"gamma", Link::exp, false, Scores::one},
    LightgbmObjective{"tweedie", Link::exp, false, Scores::one},
    LightgbmObjective{"binary", Link::sigmoid, false, Scores::one},
    LightgbmObjective{"cross_entropy", Link::sigmoid, false, Scores::one},
    LightgbmObjective{"xentropy", Link::sigmoid, false, Scores::one},
    LightgbmObjective{"cross_entropy_lambda", Link::log1p_exp, false, Scores::one},
    LightgbmObjective{"xentlambda", Link::log1p_exp, false, Scores::one},
    LightgbmObjective{"lambdarank", Link::identity, false, Scores::one},
    LightgbmObjective{"rank_xendcg", Link::identity, false, Scores::one},
    LightgbmObjective{"multiclass", Link::softmax, false, Scores::classes},
    LightgbmObjective{"softmax", Link::softmax, false, Scores::classes},
    LightgbmObjective{"multiclassova", Link::sigmoid, false, Scores::classes},
};

// LightGBM reads this number in a way of its own: digits before the point, plus those behind it
// divided by a power of ten, and all of that multiplied or divided by another one. That is not
// always the nearest double, and its bits are those wanted.
std::optional<double> read_digits(std::string_view text) {
    constexpr std::size_t kLongest = 15;  // digits on a side: exact as double
    const std::size_t point = std::min(text.find('.'), text.size());
    const std::string_view whole = text.substr(0, point);
    const std::string_view part = point < text.size() ? text.substr(point + 1) : "";
    if (whole.size() > kLongest || part.size() > kLongest || whole.empty()) return std::nullopt;
    const auto before = parse_whole<std::uint64_t>(whole);
    const auto behind =
        part.empty() ? std::optional<std::uint64_t>(0) : parse_whole<std::uint64_t>(part);
    if (!before || !behind) return std::nullopt;
    double power = 1;
    for (std::size_t i = 0; i < part.size(); ++i) power *= 10;
    return static_cast<double>(*before) + static_cast<double>(*behind) / power;
}

// In its steps, each of which rounds.
double power_of_ten(std::uint32_t exponent) {
    constexpr std::uint32_t kLargest = 308;
    exponent = std::min(exponent, kLargest);
    double power = 1;
    for (; exponent >= 50; exponent -= 50) power *= 1e50;
    for (; exponent >= 8; exponent -= 8) power *= 1e8;
    for (; exponent > 0; --exponent) power *= 10;
    return power;
}

std::optional<double> read_scale(std::string_view text) {
    const std::size_t mark = std::min(text.find_first_of("eE"), text.size());
    const std::optional<double> number = read_digits(text.substr(0, mark));
    if (!number || mark == text.size()) return number;
    std::string_view exponent = text.substr(mark + 1);
    const bool divides = exponent.starts_with('-');
    if (divides || exponent.starts_with('+')) exponent.remove_prefix(1);
    const auto digits = parse_whole<std::uint32_t>(exponent);
    if (!digits) return std::nullopt;
    return divides ? *number / power_of_ten(*digits) : *number * power_of_ten(*digits);
}

Status read_parameter(std::string_view word, const LightgbmObjective& objective, Source& source) {
    if (word == "sqrt") {
        if (objective.knows_sqrt) source.facts.link = Link::signed_square;
        return Done{};
    }
    const std::size_t colon = word.find(':');
    const std::string_view name = word.substr(0, colon);
    const std::string_view value = colon < word.size() ? word.substr(colon + 1) : "";
    const std::string shown = "the objective's parameter '" + std::string(word.substr(0, 60)) + "'";
    if (name == "sigmoid") {
        const std::optional<double> scale = read_scale(value);
        if (!scale || !(*scale > 0) || std::isinf(*scale)) {
            return Error{shown + " must be a number above 0"};
        }
        source.facts.link_scale = *scale;
        return Done{};
    }
    if (name == "num_class") {
        if (parse_whole<std::uint32_t>(value) != source.facts.outputs) {
            return Error{shown + " must be " + std::to_string(source.facts.outputs) +
                         ", as 'num_tree_per_iteration'"};
        }
        return Done{};
    }
    // Of training only.
    constexpr std::array<std::string_view, 5> kTraining = {
        "alpha", "fair_c", "tweedie_variance_power", "max_position", "norm"};
    if (std::ranges::find(kTraining, name) != kTraining.end()) return Done{};
    return Error{shown + " is unknown"};
}

}  // namespace

Status read_lightgbm_objective(std::string_view text, Source& source) {
    source.facts.link = Link::identity;
    source.facts.link_scale = 1;
    source.objective = text.empty() ? "custom" : std::string(text.substr(0, 100));
    const std::string_view name = next_word(text);
    if (name.empty() || name == "custom" || name == "none") return Done{};
    const auto* const objective =
        std::ranges::find(kLightgbmObjectives, name, &LightgbmObjective::name);
    if (objective == kLightgbmObjectives.end()) {
        return Error{
            "the objective '" + std::string(name.substr(0, 60)) +
            "' is unknown; save the model with an objective that appcore knows, or without"};
    }
    if ((objective->scores == Scores::one) != (source.facts.outputs == 1)) {
        return Error{"the objective '" + std::string(name) + "' does not have " +
                     std::to_string(source.facts.outputs) + " outputs"};
    }
    source.facts.link = objective->link;
    for (std::string_view word = next_word(text); !word.empty(); word = next_word(text)) {
        if (Status read = read_parameter(word, *objective, source); !read) return read;
    }
    return Done{};
}

}  // namespace appcore::importers
