#include "appcore/store/duration_buckets.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "catch.hpp"

using namespace appcore::store;  // NOLINT(google-build-using-namespace)

TEST_CASE("fine bounds grow by a constant factor from 10 us to beyond 30 s, in at most 48 series") {
    CHECK(kFineBounds.size() + 1 <= 48);
    CHECK(kFineBounds.front() == 10'000);
    CHECK(kFineBounds.back() == 37'300'000'000);
    const double factor = std::pow(10.0, 1.0 / 7);
    for (std::size_t i = 0; i < kFineBounds.size(); ++i) {
        const double exact = 1e4 * std::pow(factor, static_cast<double>(i));
        CHECK(static_cast<double>(kFineBounds.at(i)) == Approx(exact).epsilon(0.003));
    }
}

TEST_CASE("whatever lies between two fine bounds is within 20 % of their geometric mean") {
    for (std::size_t i = 1; i < kFineBounds.size(); ++i) {
        const double ratio =
            static_cast<double>(kFineBounds.at(i)) / static_cast<double>(kFineBounds.at(i - 1));
        CHECK(std::sqrt(ratio) < 1.2);
    }
}

TEST_CASE("a slot's bounds contain those of every family") {
    CHECK(std::ranges::is_sorted(kSlotBounds));
    CHECK(std::ranges::adjacent_find(kSlotBounds) == kSlotBounds.end());
    CHECK(std::ranges::includes(kSlotBounds, kFineBounds));
    CHECK(std::ranges::includes(kSlotBounds, metric::kRequestBoundsNs));
    CHECK(std::ranges::includes(kSlotBounds, metric::kPredictionBoundsNs));
}

TEST_CASE("a bound belongs to its bucket") {
    CHECK(bucket_of(0) == 0);
    CHECK(bucket_of(1'000) == 0);
    CHECK(bucket_of(1'001) == 1);
    CHECK(bucket_of(37'300'000'001) == kSlotBuckets - 1);
}

TEST_CASE("every duration's bucket is the first one whose bound it does not exceed") {
    std::vector<std::uint64_t> durations{0, std::numeric_limits<std::uint64_t>::max()};
    for (const std::uint64_t bound : kSlotBounds) {
        durations.insert(durations.end(), {bound - 1, bound, bound + 1});
    }
    for (unsigned bits = 0; bits < 64; ++bits) {
        const std::uint64_t power = std::uint64_t{1} << bits;
        durations.insert(durations.end(), {power - 1, power, power + 1});
    }
    for (const std::uint64_t duration : durations) {
        const auto first = std::ranges::find_if(
            kSlotBounds, [duration](std::uint64_t bound) { return duration <= bound; });
        INFO(duration);
        CHECK(bucket_of(duration) == static_cast<std::size_t>(first - kSlotBounds.begin()));
    }
}
