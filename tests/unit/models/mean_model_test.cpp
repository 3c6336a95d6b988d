#include "appcore/models/mean_model.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "catch.hpp"

namespace {

double mean(const std::vector<double>& features) {
    return appcore::models::MeanModel().predict(features);
}

constexpr double kLargest = std::numeric_limits<double>::max();
constexpr double kSmallest = std::numeric_limits<double>::denorm_min();

}  // namespace

// Expected values: sum(features) / len(features) in Python 3.13.
TEST_CASE("the mean is Python's compensated sum divided by the count", "[models]") {
    CHECK(mean({1, 2, 3}) == 2.0);
    CHECK(mean({5}) == 5.0);
    CHECK(mean({0.1, 0.2}) == 0.15000000000000002);
    CHECK(mean(std::vector<double>(10, 0.1)) == 0.1);
    CHECK(mean({1e16, 1, -1e16}) == 0.3333333333333333);
    CHECK(mean({1e100, 1, -1e100, 3.5}) == 1.125);
    CHECK(mean({1, 1e100, 1, -1e100}) == 0.5);
    CHECK(mean({kSmallest}) == kSmallest);
    CHECK(mean({kSmallest, 0}) == 0.0);
}

TEST_CASE("zeros of either sign have the mean zero", "[models]") {
    CHECK_FALSE(std::signbit(mean({-0.0})));
    CHECK_FALSE(std::signbit(mean({-0.0, -0.0})));
}

TEST_CASE("an empty list has the mean zero", "[models]") {
    CHECK(mean({}) == 0.0);
}

// Exact arithmetic; the old service failed.
TEST_CASE("the mean is right where the sum overflows", "[models]") {
    CHECK(mean({1e308, 1e308}) == 1e308);
    CHECK(mean({-1e308, -1e308, -1e308}) == -1e308);
    CHECK(mean({1e308, 1e308, -1e308, -1e308}) == 0.0);
    CHECK(mean({1e308, 1e308, -1e308}) == Approx(1e308 / 3).epsilon(1e-15));
    CHECK(mean({1.5e308, 1e308, 5e307}) == 1e308);
    CHECK(mean({kLargest, kLargest, -kLargest}) == Approx(kLargest / 3).epsilon(1e-15));
}

// The sum and the division round once each, so the last digit may be off.
TEST_CASE("the mean of the largest doubles is finite and nearly the largest double", "[models]") {
    for (const std::size_t count : {1U, 2U, 3U, 7U, 10U, 100U, 1000U, 1025U, 12345U, 65537U}) {
        CAPTURE(count);
        const double next_to_largest = std::nextafter(kLargest, 0.0);
        const double result = mean(std::vector<double>(count, kLargest));
        CHECK((result == kLargest || result == next_to_largest));
        CHECK(mean(std::vector<double>(count, -kLargest)) == -result);
    }
}

TEST_CASE("the mean model is always healthy and says which version it is", "[models]") {
    const appcore::models::MeanModel model;
    CHECK(model.is_healthy());
    CHECK(model.version() == "v1.0");
}
