// Predicts with a compiled model: the bits of the library that trained it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "appcore/models/model_view.hpp"

namespace appcore::models {

// Why there is no prediction.
enum class Problem : std::uint8_t {
    none,
    missing,     // a feature is missing, and the model takes no missing values
    overflow,    // a feature is not finite, or too large for float32, which the model computes with
    not_finite,  // the result is infinite or not a number
};

struct Prediction {
    double value = 0;  // if there is no problem
    Problem problem = Problem::none;
    std::uint32_t feature = 0;  // the first one with the problem
};

class Evaluator {
  public:
    // What `view` refers to outlives the evaluator.
    explicit Evaluator(const ModelView& view);

    // The prediction for one row of view.facts.features values, NaN for a missing one. Allocates
    // nothing. Uses the evaluator's own memory: one call at a time.
    [[nodiscard]] Prediction predict(std::span<const double> row);

    // An upper bound of what rounding may have made of the last prediction's terms: the sum of
    // their absolute values, for a linear model; 0 for trees.
    [[nodiscard]] double sum_of_terms() const { return sum_of_terms_; }

  private:
    [[nodiscard]] Prediction prepare(std::span<const double> row);
    void sum_trees();
    void sum_linear();
    [[nodiscard]] Prediction finish();

    const ModelView& view_;
    std::vector<double> row_;                   // the features as the model sees them
    std::vector<std::uint32_t> small_columns_;  // those of small nodes, or
    std::vector<std::uint64_t> large_columns_;  // of large ones
    std::vector<float> float_sums_;             // a sum an output: these or
    std::vector<double> double_sums_;           // these, by facts.sum
    double sum_of_terms_ = 0;
};

}  // namespace appcore::models
