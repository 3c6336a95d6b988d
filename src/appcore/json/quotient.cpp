#include "appcore/json/quotient.hpp"

namespace appcore::json::quotient {

std::uint64_t round_exactly(std::uint64_t dividend, const Divisor& divisor, std::uint64_t quotient,
                            bool is_doubled) {
    // At the middle or right below, so that what is kept does not depend on how far.
    const std::uint64_t kept = (quotient + kSlack - kMiddle) >> kCut;
    const Wide middle = Wide{(kept << kCut) + kMiddle} * divisor.value;
    const Wide exact = Wide{dividend} << (is_doubled ? 64U : 63U);
    return kept + (exact > middle || (exact == middle && kept % 2 != 0) ? 1 : 0);
}

}  // namespace appcore::json::quotient
