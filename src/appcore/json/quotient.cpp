#include "appcore/json/quotient.hpp"

#include <array>
#include <bit>
#include <cassert>

namespace appcore::json {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t max_exact_integer = std::uint64_t{1} << 53;  // doubles hold all below
constexpr int double_bits = 53;
constexpr int exponent_bias = 1023;
constexpr int exponent_place = 52;

using Powers = std::array<std::uint64_t, kMaxQuotientDigits + 1>;

constexpr Powers make_powers_of_ten() {
    Powers powers{1};
    for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
    return powers;
}

constexpr Powers powers_of_ten = make_powers_of_ten();

double power_of_two(int exponent) {
    return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + exponent_bias)
                                 << exponent_place);
}

}  // namespace

// Long division in integers: the quotient has more bits than a double, and whether anything is left
// decides what lies in the middle between two doubles.
double nearest_quotient(std::uint64_t mantissa, unsigned fraction) {
    assert(fraction <= kMaxQuotientDigits);
    if (mantissa <= max_exact_integer && powers_of_ten[fraction] <= max_exact_integer) {
        // Both are doubles without rounding, so the division is the only one to round.
        return static_cast<double>(mantissa) / static_cast<double>(powers_of_ten[fraction]);
    }
    if (mantissa == 0) return 0;
    const int up = std::countl_zero(mantissa);
    const int down = std::countl_zero(powers_of_ten[fraction]);
    const std::uint64_t divisor = powers_of_ten[fraction] << down;
    const Wide dividend = Wide{mantissa << up} << 63U;  // its upper half is below the divisor
    const auto quotient = static_cast<std::uint64_t>(dividend / divisor);
    const bool is_inexact = Wide{quotient} * divisor != dividend;
    // The quotient has 63 or 64 bits. What a double has no room for is cut off and rounds the rest.
    const int extra = (quotient >> 63U != 0 ? 64 : 63) - double_bits;
    std::uint64_t kept = quotient >> extra;
    const std::uint64_t cut = quotient - (kept << extra);
    const std::uint64_t half = std::uint64_t{1} << (extra - 1);
    if (cut > half || (cut == half && (is_inexact || kept % 2 != 0))) ++kept;
    return static_cast<double>(kept) * power_of_two(extra - 63 - up + down);
}

}  // namespace appcore::json
