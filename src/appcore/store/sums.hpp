// Sums of a slot's words.
#pragma once

#include <numeric>
#include <span>

#include "appcore/store/slot_layout.hpp"

namespace appcore::store {

template <typename Words>
[[nodiscard]] Word sum_of(const Words& words) {
    return std::accumulate(words.begin(), words.end(), Word{0});
}

// Most cells of a slot are: few methods of an endpoint are ever asked.
[[nodiscard]] inline bool is_unused(std::span<const Word> words) {
    Word all = 0;
    for (const Word word : words) all |= word;
    return all == 0;
}

}  // namespace appcore::store
