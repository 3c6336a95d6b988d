// The model of the old service: the arithmetic mean.
#pragma once

#include <span>
#include <string_view>

#include "appcore/models/prediction_model.hpp"

namespace appcore::models {

class MeanModel final : public PredictionModel {
  public:
    [[nodiscard]] std::string_view version() const override { return "v1.0"; }

    // The sum with Neumaier's compensation, as Python's sum() has it since 3.12, then one division.
    // Where the sum overflows although the mean does not, the features are scaled down first, so
    // the result is finite for finite features. An empty list gives 0.
    [[nodiscard]] double predict(std::span<const double> features) const override;

    [[nodiscard]] bool is_healthy() const override { return true; }
};

}  // namespace appcore::models
