// Sums of a slot's words.
#pragma once

#include <cstring>
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
    // The first word is zero, and each of the others is the one before it.
    return words.empty() ||
           (words.front() == 0 &&
            std::memcmp(words.data(), words.data() + 1, words.size_bytes() - sizeof(Word)) == 0);
}

}  // namespace appcore::store
