#include "appcore/models/prediction_problem.hpp"

namespace appcore::models {

std::string describe_problem(const Prediction& prediction, const ModelView& view) {
    const std::string feature = "feature '" + std::string(view.names[prediction.feature]) + "' ";
    switch (prediction.problem) {
        case Problem::none:
            break;
        case Problem::missing:
            return feature + "is missing, and the model takes no missing values";
        case Problem::overflow:
            return feature + (view.facts.input == acm::Arithmetic::float32
                                  ? "is too large for float32, which the model computes with"
                                  : "is not finite");
        case Problem::not_finite:
            return "the prediction is not finite";
    }
    return {};
}

}  // namespace appcore::models
