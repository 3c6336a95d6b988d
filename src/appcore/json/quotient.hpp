// A decimal of up to 19 digits as the nearest double.
#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <cstdint>

namespace appcore::json {

inline constexpr unsigned kMaxQuotientDigits = 19;  // 10^19 still fits into 64 bits

namespace quotient {

__extension__ using Wide = unsigned __int128;

inline constexpr unsigned kCut = 64 - 53;  // bits of a quotient that a double has no room for
inline constexpr std::uint64_t kMiddle = std::uint64_t{1} << (kCut - 1);  // between two doubles
inline constexpr std::uint64_t kSlack = 3;  // the most that a quotient is too small

// A power of ten, shifted to the left until its highest bit is set.
struct alignas(32) Divisor {  // whose place is found faster than that of 24 bytes
    std::uint64_t value = 0;
    std::uint64_t reciprocal = 0;  // 2^127 / value, rounded down
    std::int64_t exponent = 0;     // of a double, as it is stored, for a dividend of 2^63 or more
};

using Divisors = std::array<Divisor, kMaxQuotientDigits + 1>;

constexpr Divisors make_divisors() {
    // The highest bit, which a double does not store, adds one when the mantissa is added.
    constexpr std::int64_t kStoredExponentOf1 = 1023 - 1;
    Divisors divisors{};
    std::uint64_t power = 1;
    for (Divisor& divisor : divisors) {
        const int shift = std::countl_zero(power);
        divisor.value = power << shift;
        // Of 1 it would need a bit more; 2^64 - 1 is as good, since the quotient may be a bit too
        // small.
        const Wide reciprocal = (Wide{1} << 127U) / divisor.value;
        divisor.reciprocal = static_cast<std::uint64_t>(reciprocal - (reciprocal >> 64U));
        divisor.exponent = kStoredExponentOf1 + shift;
        power *= 10;
    }
    return divisors;
}

inline constexpr Divisors kDivisors = make_divisors();

// `quotient` without its last bits, rounded to even, where it is so close to the middle between two
// doubles that exact products have to decide: it is 2^63 * `dividend` / `divisor` or twice that.
[[nodiscard]] std::uint64_t round_exactly(std::uint64_t dividend, const Divisor& divisor,
                                          std::uint64_t quotient, bool is_doubled);

}  // namespace quotient

// `mantissa` / 10^`fraction`, rounded once, half to even, as std::from_chars does it (IEEE 754,
// roundTiesToEven), and faster. `fraction` is at most kMaxQuotientDigits.
//
// A product with the reciprocal instead of a division. It is less than two below the exact
// quotient, and less than four when it had to be doubled to have its highest bit set. That matters
// only at the middle between two doubles and right below.
[[nodiscard]] inline double nearest_quotient(std::uint64_t mantissa, unsigned fraction) {
    using quotient::kCut, quotient::kMiddle, quotient::kSlack;
    assert(fraction <= kMaxQuotientDigits);
    if (mantissa == 0) return 0;
    const quotient::Divisor& divisor = quotient::kDivisors[fraction];
    const int up = std::countl_zero(mantissa);
    const std::uint64_t dividend = mantissa << up;
    const quotient::Wide product = quotient::Wide{dividend} * divisor.reciprocal;
    const auto high = static_cast<std::uint64_t>(product >> 63U >> 1U);
    const std::uint64_t doubled = high >> 63U ^ 1U;  // is 1, or 0
    const std::uint64_t digits = high + (high & (0 - doubled));

    const bool is_close_call = ((digits + kSlack - kMiddle) & (2 * kMiddle - 1)) <= kSlack;
    const std::uint64_t rounded =
        is_close_call ? quotient::round_exactly(dividend, divisor, digits, doubled != 0)
                      : ((digits >> (kCut - 1)) + 1) >> 1U;
    // By rounding up it may be 2^53: that carries into the exponent, as it must.
    const std::int64_t exponent = divisor.exponent - up - static_cast<std::int64_t>(doubled);
    return std::bit_cast<double>((static_cast<std::uint64_t>(exponent) << 52U) + rounded);
}

}  // namespace appcore::json
