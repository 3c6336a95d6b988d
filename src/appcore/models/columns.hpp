// The columns of a row: what splits compare.
#pragma once

#include <cstdint>
#include <span>

#include "appcore/models/model_view.hpp"

namespace appcore::models {

// What is not farther from 0 is 0 to LightGBM.
inline constexpr auto kLightGbmZero = static_cast<double>(1e-35F);

// In a column of categories: in no set, and in every set. Others are the category itself.
inline constexpr std::uint32_t kNoCategory = 0xFFFFFFFF;
inline constexpr std::uint32_t kEveryCategory = 0xFFFFFFFE;

// Fills `keys`, one a column, from `row`, one a feature, NaN where missing. The keys of small nodes
// are those of the features as float32, to which they are exact.
void fill_columns(std::span<const acm::Column> columns, std::span<const double> row,
                  std::span<std::uint32_t> keys);
void fill_columns(std::span<const acm::Column> columns, std::span<const double> row,
                  std::span<std::uint64_t> keys);

}  // namespace appcore::models
