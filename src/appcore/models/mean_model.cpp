#include "appcore/models/mean_model.hpp"

#include <cmath>

namespace appcore::models {
namespace {

// Python's sum() of floats: it starts at zero, and what each addition rounds away is collected.
// Where the compensation itself is not finite it is left out. Features are scaled by 2^exponent.
double compensated_sum(std::span<const double> features, int exponent) {
    double sum = 0;
    double compensation = 0;
    for (const double feature : features) {
        const double value = exponent == 0 ? feature : std::ldexp(feature, exponent);
        const double next = sum + value;
        compensation +=
            std::fabs(sum) >= std::fabs(value) ? (sum - next) + value : (value - next) + sum;
        sum = next;
    }
    return std::isfinite(compensation) ? sum + compensation : sum;
}

}  // namespace

double MeanModel::predict(std::span<const double> features) const {
    if (features.empty()) return 0;
    const auto count = static_cast<double>(features.size());
    const double sum = compensated_sum(features, 0);
    if (std::isfinite(sum)) return sum / count;
    // Divided by a power of two above their count the features cannot overflow in any order. What
    // very small ones lose by it is far below the rounding of a sum this large. Scaling back cannot
    // overflow either: the sum is rounded by half of its last place at most, which divided by the
    // count is less than half of the last place of the largest double.
    const int scale = std::ilogb(count) + 1;
    return std::ldexp(compensated_sum(features, -scale) / count, scale);
}

}  // namespace appcore::models
