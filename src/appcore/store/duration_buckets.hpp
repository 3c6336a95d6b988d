// The buckets of every duration that is counted. A slot has one list of bounds, which contains
// those of all histogram families, so that each family is a sum of whole buckets, exact.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "appcore/store/metric_names.hpp"

namespace appcore::store {

inline constexpr std::size_t kBoundsPerDecade = 14;
inline constexpr std::uint64_t kFirstSlotBound = 1'000;   // 1 us: what the fastest replies take
inline constexpr std::uint64_t kFirstFineBound = 10'000;  // 10 us
inline constexpr std::uint64_t kLongestBound =
    40'000'000'000;  // no bound is above: 37.3 s is the last

// 10^(i/14), to three digits: each is 1.18 times the one before, so that the geometric middle of a
// bucket is within 9 % of all that it holds.
inline constexpr std::array<std::uint64_t, kBoundsPerDecade> kDecade = {
    100, 118, 139, 164, 193, 228, 268, 316, 373, 439, 518, 611, 720, 848};

namespace detail {

// The bounds of all decades from `first` on, every `step`-th of them.
template <std::size_t kCount>
consteval std::array<std::uint64_t, kCount> geometric_bounds(std::uint64_t first,
                                                             std::size_t step) {
    std::array<std::uint64_t, kCount> bounds{};
    std::uint64_t decade = first;
    std::size_t at = 0;
    for (std::size_t i = 0; i < kCount; ++i) {
        bounds.at(i) = kDecade.at(at) * decade / kDecade.front();
        at += step;
        if (at >= kBoundsPerDecade) {
            at -= kBoundsPerDecade;
            decade *= 10;
        }
    }
    return bounds;
}

// Three sorted lists as one, each bound once; the rest of the array is zeros.
template <std::size_t kCount>
struct Union {
    std::array<std::uint64_t, kCount> bounds{};
    std::size_t size = 0;

    constexpr void add(std::span<const std::uint64_t> more) {
        for (const std::uint64_t bound : more) {
            const auto end = bounds.begin() + static_cast<std::ptrdiff_t>(size);
            if (std::find(bounds.begin(), end, bound) == end) bounds.at(size++) = bound;
        }
        std::sort(bounds.begin(), bounds.begin() + static_cast<std::ptrdiff_t>(size));
    }
};

inline constexpr auto kGeometric = geometric_bounds<107>(kFirstSlotBound, 1);
static_assert(kGeometric.back() < kLongestBound && kGeometric.back() > 30'000'000'000);

inline constexpr auto kUnion = [] {
    Union<128> all{};
    all.add(kGeometric);
    all.add(metric::kRequestBoundsNs);
    all.add(metric::kPredictionBoundsNs);
    return all;
}();

}  // namespace detail

// Upper bounds in nanoseconds, inclusive, of the fine families: 7 a decade. Wherever a value lies
// between two of them, their geometric mean is within 20 % of it. With +Inf, 48 series.
inline constexpr auto kFineBounds = detail::geometric_bounds<47>(kFirstFineBound, 2);

// The same of the slots. The bucket without a bound (+Inf) follows the last.
inline constexpr auto kSlotBounds = [] {
    std::array<std::uint64_t, detail::kUnion.size> bounds{};
    std::copy_n(detail::kUnion.bounds.begin(), bounds.size(), bounds.begin());
    return bounds;
}();
inline constexpr std::size_t kSlotBuckets = kSlotBounds.size() + 1;

// What is to be divided by 1,000 is in thousandths: no two neighbours are further apart than this.
consteval bool are_closer_than(std::span<const std::uint64_t> bounds, std::uint64_t thousandths) {
    for (std::size_t i = 1; i < bounds.size(); ++i) {
        if (bounds[i] * 1000 > bounds[i - 1] * thousandths) return false;
    }
    return true;
}
static_assert(are_closer_than(kFineBounds, 1400), "sqrt(1.4) is 1.18: within 20 %");
static_assert(are_closer_than(kSlotBounds, 1190), "sqrt(1.19) is 1.09: within 10 %");

namespace detail {

// By a number's bits: how many bounds are below the smallest number that has as many.
consteval auto count_bounds_below() {
    std::array<std::uint8_t, std::numeric_limits<std::uint64_t>::digits + 1> below{};
    static_assert(kSlotBounds.size() <= std::numeric_limits<std::uint8_t>::max());
    for (std::size_t bits = 1; bits < below.size(); ++bits) {
        const auto bound = std::ranges::lower_bound(kSlotBounds, std::uint64_t{1} << (bits - 1));
        below.at(bits) = static_cast<std::uint8_t>(bound - kSlotBounds.begin());
    }
    return below;
}

inline constexpr auto kBoundsBelow = count_bounds_below();

}  // namespace detail

// The bucket of a duration. A few steps from the bounds with as many bits: searching all of them by
// halves, a processor would guess wrong at every other one.
[[nodiscard]] constexpr std::size_t bucket_of(std::uint64_t nanoseconds) {
    std::size_t at = detail::kBoundsBelow[static_cast<std::size_t>(std::bit_width(nanoseconds))];
    while (at < kSlotBounds.size() && kSlotBounds[at] < nanoseconds) ++at;
    return at;
}

}  // namespace appcore::store
