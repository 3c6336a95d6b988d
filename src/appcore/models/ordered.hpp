// Floating-point numbers as unsigned integers in the same order: a comparison of these is one
// instruction without a branch, and there is room for values below and above all numbers.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace appcore::models {

// Below and above every number, infinities included.
template <typename Key>
inline constexpr Key kBelowAll = 0;
template <typename Key>
inline constexpr Key kAboveAll = std::numeric_limits<Key>::max();

// Of numbers that are added up and not compared: keeps the sign of a zero, which a sum that begins
// with -0 may show.
[[nodiscard]] constexpr std::uint32_t ordered_exactly(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return bits ^ (0x80000000U | (0U - (bits >> 31U)));
}
[[nodiscard]] constexpr std::uint64_t ordered_exactly(double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    return bits ^ (0x8000000000000000U | (std::uint64_t{0} - (bits >> 63U)));
}

// For numbers that are not NaN: a < b exactly if ordered(a) < ordered(b). Both zeros are equal.
[[nodiscard]] constexpr std::uint32_t ordered(float value) {
    return ordered_exactly(value + 0.0F);  // -0 becomes 0
}
[[nodiscard]] constexpr std::uint64_t ordered(double value) {
    return ordered_exactly(value + 0.0);
}

// The number whose ordered_exactly() is `key`.
[[nodiscard]] constexpr float from_ordered(std::uint32_t key) {
    const bool negative = (key >> 31U) == 0;
    return std::bit_cast<float>(key ^ (negative ? 0xFFFFFFFFU : 0x80000000U));
}
[[nodiscard]] constexpr double from_ordered(std::uint64_t key) {
    const bool negative = (key >> 63U) == 0;
    return std::bit_cast<double>(key ^ (negative ? ~std::uint64_t{0} : 0x8000000000000000U));
}

}  // namespace appcore::models
