#include "appcore/importers/golden_check.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>

#include "appcore/json/number.hpp"
#include "appcore/models/evaluator.hpp"
#include "appcore/models/prediction_problem.hpp"

namespace appcore::importers {
namespace {

// Of the sum of the terms' absolute values: what another order of additions, and another
// implementation of exp(), can make of a linear model.
constexpr double kRounding = 1e-12;

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
        const double bound = kRounding * (1 + evaluator.sum_of_terms());
        const bool is_same = is_exact ? has_same_bits(view, expected, prediction.value)
                                      : std::fabs(expected - prediction.value) <= bound;
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
