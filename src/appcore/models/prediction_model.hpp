// What the service needs of a model, and all it needs: the old service's PredictionModel protocol,
// and what a request has to look like.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace appcore::models {

// Which lists of features a model takes.
struct InputRules {
    std::optional<std::uint32_t> features;  // exactly so many; without: any number but 0
    bool null_is_missing = false;           // null is a missing value, which predict() gets as NaN
    bool is_float32 = false;                // a number too large for float32 is refused
};

class PredictionModel {
  public:
    PredictionModel() = default;
    PredictionModel(const PredictionModel&) = delete;
    PredictionModel& operator=(const PredictionModel&) = delete;
    virtual ~PredictionModel() = default;

    // The model's version, as in replies and in the label model_version. Never changes.
    [[nodiscard]] virtual std::string_view version() const = 0;

    // Never changes.
    [[nodiscard]] virtual InputRules input() const { return {}; }

    // The prediction for one list of features as input() says. Not finite if there is none. Pure:
    // the same features give the same result, so a request may be repeated at another worker. One
    // call at a time.
    [[nodiscard]] virtual double predict(std::span<const double> features) const = 0;

    // False as long as predict() must not be called, for instance while the model is not loaded.
    [[nodiscard]] virtual bool is_healthy() const = 0;
};

}  // namespace appcore::models
