// What the service needs of a model, and all it needs: the old service's PredictionModel protocol.
#pragma once

#include <span>
#include <string_view>

namespace appcore::models {

class PredictionModel {
  public:
    PredictionModel() = default;
    PredictionModel(const PredictionModel&) = delete;
    PredictionModel& operator=(const PredictionModel&) = delete;
    virtual ~PredictionModel() = default;

    // The model's version, as in replies and in the label model_version. Never changes.
    [[nodiscard]] virtual std::string_view version() const = 0;

    // The prediction for one list of at least one finite feature. Pure: the same features give the
    // same finite result, so a request may be repeated at another worker.
    [[nodiscard]] virtual double predict(std::span<const double> features) const = 0;

    // False as long as predict() must not be called, for instance while the model is not loaded.
    [[nodiscard]] virtual bool is_healthy() const = 0;
};

}  // namespace appcore::models
