// Decimal digits, many at a time and without a branch for each.
#pragma once

#ifdef __x86_64__
#include <emmintrin.h>

#include <array>
#endif

#include <cstddef>
#include <cstdint>

namespace appcore::json {

inline constexpr std::size_t kMaskedCharacters = 32;
inline constexpr std::size_t kDigitsAtOnce = 16;

// The plain ways, for processors without the other ones, and to test those.
namespace plain {

[[nodiscard]] inline std::uint32_t other_than_digits(const char* text) {
    std::uint32_t mask = 0;
    for (std::size_t i = 0; i < kMaskedCharacters; ++i) {
        mask |= static_cast<std::uint32_t>(text[i] < '0' || text[i] > '9') << i;
    }
    return mask;
}

[[nodiscard]] inline std::uint64_t number_before(const char* end, std::size_t count) {
    std::uint64_t number = 0;
    for (; count != 0; --count) {
        number = number * 10 + static_cast<std::uint64_t>(*(end - count) - '0');
    }
    return number;
}

}  // namespace plain

#ifdef __x86_64__

// Which of the 32 characters at `text`, all of which can be read, are not digits: the lowest bit is
// the first one.
[[nodiscard]] inline std::uint32_t other_than_digits(const char* text) {
    const auto others = [](const char* sixteen) {
        const __m128i characters = _mm_loadu_si128(reinterpret_cast<const __m128i*>(sixteen));
        const __m128i values = _mm_sub_epi8(characters, _mm_set1_epi8('0'));
        // The lower one of itself and 9, without a sign.
        const __m128i digits = _mm_cmpeq_epi8(_mm_min_epu8(values, _mm_set1_epi8(9)), values);
        return static_cast<std::uint32_t>(_mm_movemask_epi8(digits));
    };
    return ~(others(text) | others(text + 16) << 16U);
}

// The number that the `count` digits before `end` make, at most 16. The 16 characters there can be
// read.
[[nodiscard]] inline std::uint64_t number_before(const char* end, std::size_t count) {
    alignas(16) static constexpr std::array<unsigned char, 32> kFromRight = {
        0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
        0,    0,    0,    0,    0,    0x0F, 0x0F, 0x0F, 0x0F, 0x0F, 0x0F,
        0x0F, 0x0F, 0x0F, 0x0F, 0x0F, 0x0F, 0x0F, 0x0F, 0x0F, 0x0F};
    const auto load = [](const void* sixteen) {
        return _mm_loadu_si128(static_cast<const __m128i*>(sixteen));
    };
    const __m128i ones = _mm_and_si128(load(end - kDigitsAtOnce), load(kFromRight.data() + count));
    // Two digits of each pair, then four, then eight; the first one in the lower half. The first
    // product has ten times the first digit and the second one in its upper byte.
    const __m128i pairs = _mm_srli_epi16(_mm_mullo_epi16(ones, _mm_set1_epi16(10 * 256 + 1)), 8);
    const __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(100 + (1 << 16)));
    const __m128i packed = _mm_packs_epi32(fours, fours);
    const __m128i eights = _mm_madd_epi16(packed, _mm_set1_epi32(10'000 + (1 << 16)));
    const auto both = static_cast<std::uint64_t>(_mm_cvtsi128_si64(eights));
    return (both & 0xFFFFFFFF) * 100'000'000 + (both >> 32U);
}

#else
using plain::number_before;
using plain::other_than_digits;
#endif

}  // namespace appcore::json
