#include "appcore/importers/golden_check.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "appcore/json/number.hpp"
#include "appcore/models/evaluator.hpp"
#include "appcore/models/prediction_problem.hpp"

namespace appcore::importers {
namespace {

// What another order of additions, and another implementation of exp(), can make of a prediction:
// of the sum of a linear model's terms' absolute values, of the prediction itself after trees.
constexpr double kRounding = 1e-12;

bool is_near(double expected, double actual, double sum_of_terms) {
    // Numbers below the smallest normal one have not as many digits.
    constexpr double kSmallest = std::numeric_limits<double>::min();
    const double bound = kRounding * std::max(sum_of_terms, std::fabs(actual));
    return std::fabs(expected - actual) <= std::max(bound, kSmallest);
}

// Whether another order of additions could make a linear model answer with this class.
bool is_near_class(const models::ModelView& view, std::span<const double> row, double expected,
                   double actual) {
    const auto score = [&](double output) {
        models::ModelView scores = view;
        scores.facts.output = models::acm::Output::margin;
        scores.facts.output_index = static_cast<std::uint32_t>(output);
        models::Evaluator evaluator(scores);
        const double value = evaluator.predict(row).value;
        return std::pair(value, evaluator.sum_of_terms());
    };
    if (!(expected >= 0) || expected >= view.facts.outputs || expected != std::trunc(expected)) {
        return false;
    }
    const auto [wanted, sum_of_terms] = score(expected);
    return is_near(wanted, score(actual).first, sum_of_terms);
}

bool has_same_bits(const models::ModelView& view, double expected, double actual) {
    if (view.facts.sum == models::acm::Arithmetic::float32) {
        // Written with the digits of a float or those of the double that is the same number.
        return std::bit_cast<std::uint32_t>(static_cast<float>(expected)) ==
               std::bit_cast<std::uint32_t>(static_cast<float>(actual));
    }
    return std::bit_cast<std::uint64_t>(expected) == std::bit_cast<std::uint64_t>(actual);
}

std::string shown(double number) {
    std::string text;
    json::append_float(text, number);
    return text;
}

}  // namespace

Result<std::vector<double>> check_golden(const models::ModelView& view, const Golden& golden,
                                         bool is_exact) {
    models::Evaluator evaluator(view);
    const std::size_t features = view.facts.features;
    const std::span<const double> rows(golden.rows);
    std::vector<double> predictions;
    for (std::size_t i = 0; i < golden.predictions.size(); ++i) {
        const auto row = rows.subspan(i * features, features);
        const models::Prediction prediction = evaluator.predict(row);
        const std::string name = "golden row " + std::to_string(i + 1) + ": ";
        if (prediction.problem != models::Problem::none) {
            return Error{name + models::describe_problem(prediction, view)};
        }
        const double expected = golden.predictions[i];
        bool is_same = is_exact ? has_same_bits(view, expected, prediction.value)
                                : is_near(expected, prediction.value, evaluator.sum_of_terms());
        if (!is_same && view.facts.output == models::acm::Output::class_before_link &&
            view.facts.model_kind == models::acm::ModelKind::linear) {
            is_same = is_near_class(view, row, expected, prediction.value);
        }
        if (!is_same) {
            return Error{name + "the model predicts " + shown(prediction.value) +
                         ", expected was " +
                         (std::isfinite(expected) ? shown(expected) : "no finite number")};
        }
        predictions.push_back(prediction.value);
    }
    return predictions;
}

}  // namespace appcore::importers
