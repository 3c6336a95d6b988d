#include "appcore/models/golden_rows.hpp"

#include <bit>
#include <cstdint>
#include <string>

#include "appcore/json/number.hpp"
#include "appcore/models/prediction_problem.hpp"

namespace appcore::models {

Status run_golden_rows(const ModelView& view, Evaluator& evaluator) {
    const std::size_t features = view.facts.features;
    for (std::size_t i = 0; i < view.golden_predictions.size(); ++i) {
        const Prediction prediction =
            evaluator.predict(view.golden_rows.subspan(i * features, features));
        std::string problem;
        if (prediction.problem != Problem::none) {
            problem = describe_problem(prediction, view);
        } else if (std::bit_cast<std::uint64_t>(prediction.value) !=
                   std::bit_cast<std::uint64_t>(view.golden_predictions[i])) {
            problem = "the model predicts ";
            json::append_float(problem, prediction.value);
            problem += ", expected was ";
            json::append_float(problem, view.golden_predictions[i]);
        }
        if (!problem.empty()) {
            return Error{"golden row " + std::to_string(i + 1) + ": " + problem};
        }
    }
    return Done{};
}

}  // namespace appcore::models
