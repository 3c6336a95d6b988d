#include "appcore/json/quotient.hpp"

#include <array>
#include <bit>
#include <cassert>

namespace appcore::json {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr unsigned double_bits = 53;
constexpr unsigned estimate_bits = 63;  // or one more
constexpr std::int64_t exponent_bias = 1023;

// A power of ten, shifted to the left until its highest bit is set.
struct alignas(32) Divisor {  // whose place is found faster than that of 24 bytes
    std::uint64_t value = 0;
    std::uint64_t reciprocal = 0;  // 2^127 / value, rounded down
    std::int64_t shift = 0;
};

using Divisors = std::array<Divisor, kMaxQuotientDigits + 1>;

constexpr Divisors make_divisors() {
    Divisors divisors{};
    std::uint64_t power = 1;
    for (Divisor& divisor : divisors) {
        divisor.shift = std::countl_zero(power);
        divisor.value = power << divisor.shift;
        // Of 1 it would need a bit more; 2^64 - 1 is as good, since the estimate may be one too
        // small.
        const Wide reciprocal = (Wide{1} << 127U) / divisor.value;
        divisor.reciprocal = static_cast<std::uint64_t>(reciprocal - (reciprocal >> 64U));
        power *= 10;
    }
    return divisors;
}

constexpr Divisors divisors = make_divisors();

// `mantissa` * 2^exponent, where the mantissa has 53 bits, or is 2^53 by rounding up: that carries
// into the exponent, as it must. The highest bit, which a double does not store, adds the last one
// to the exponent.
double make_double(std::uint64_t mantissa, std::int64_t exponent) {
    constexpr std::int64_t bias = exponent_bias + double_bits - 2;
    const auto biased = static_cast<std::uint64_t>(exponent + bias);
    return std::bit_cast<double>((biased << (double_bits - 1)) + mantissa);
}

// `dividend` * 2^63 / `divisor` without its last `cut` bits, rounded to even. The estimate is at
// the middle between two such numbers or right below: exact products decide.
[[gnu::noinline]] std::uint64_t round_exactly(std::uint64_t dividend, const Divisor& divisor,
                                              std::uint64_t estimate, unsigned cut) {
    const std::uint64_t half = std::uint64_t{1} << (cut - 1);
    const std::uint64_t kept = (estimate + 1 - half) >> cut;
    const Wide middle = Wide{(kept << cut) + half} * divisor.value;
    const Wide exact = Wide{dividend} << estimate_bits;
    return kept + (exact > middle || (exact == middle && kept % 2 != 0) ? 1 : 0);
}

}  // namespace

// A product with the reciprocal instead of a division. It may be almost two too small, which
// matters only at the middle between two doubles and right below.
double nearest_quotient(std::uint64_t mantissa, unsigned fraction) {
    assert(fraction <= kMaxQuotientDigits);
    if (mantissa == 0) return 0;
    const Divisor& divisor = divisors[fraction];
    const int up = std::countl_zero(mantissa);
    const std::uint64_t dividend = mantissa << up;
    const Wide product = Wide{dividend} * divisor.reciprocal;
    const auto estimate = static_cast<std::uint64_t>(product >> 63U >> 1U);
    // What a double has no room for is cut off and rounds the rest.
    const auto cut =
        static_cast<unsigned>(estimate_bits - double_bits + (estimate >> estimate_bits));
    const std::uint64_t half = std::uint64_t{1} << (cut - 1);
    const bool is_close_call = ((estimate + half + 1) & (2 * half - 1)) <= 1;
    const std::uint64_t rounded = is_close_call ? round_exactly(dividend, divisor, estimate, cut)
                                                : ((estimate >> (cut - 1)) + 1) >> 1U;
    return make_double(rounded, std::int64_t{cut} - estimate_bits - up + divisor.shift);
}

}  // namespace appcore::json
