#include "appcore/json/quotient.hpp"

#include <charconv>
#include <random>
#include <string>

#include "catch.hpp"

using appcore::json::kMaxQuotientDigits;
using appcore::json::nearest_quotient;

namespace {

// What the standard library makes of "MANTISSAe-FRACTION".
double reference(std::uint64_t mantissa, unsigned fraction) {
    const std::string text = std::to_string(mantissa) + "e-" + std::to_string(fraction);
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

TEST_CASE("a decimal's nearest double is that of the standard library") {
    std::mt19937_64 random(1);
    for (unsigned fraction = 0; fraction <= kMaxQuotientDigits; ++fraction) {
        for (const std::uint64_t mantissa :
             {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 53U,
              (std::uint64_t{1} << 53U) + 1, (std::uint64_t{1} << 63U) + 1, ~std::uint64_t{0}}) {
            REQUIRE(nearest_quotient(mantissa, fraction) == reference(mantissa, fraction));
        }
        for (int i = 0; i < 20000; ++i) {
            const std::uint64_t mantissa = random() >> (random() % 64);
            REQUIRE(nearest_quotient(mantissa, fraction) == reference(mantissa, fraction));
        }
    }
}

TEST_CASE("what lies in the middle between two doubles goes to the even one") {
    // Halves, quarters and so on of odd numbers above 2^53 have no rounding of their own.
    for (unsigned fraction = 1; fraction <= 3; ++fraction) {
        const std::uint64_t five = fraction == 1 ? 5 : fraction == 2 ? 25 : 125;
        for (std::uint64_t i = 0; i < 1000; ++i) {
            const std::uint64_t mantissa = ((std::uint64_t{1} << 54U) + 2 * i + 1) * five;
            for (const std::uint64_t near : {mantissa - 1, mantissa, mantissa + 1}) {
                REQUIRE(nearest_quotient(near, fraction) == reference(near, fraction));
            }
        }
    }
}
