// A decimal of up to 19 digits as the nearest double.
#pragma once

#include <cstdint>

namespace appcore::json {

inline constexpr unsigned kMaxQuotientDigits = 19;  // 10^19 still fits into 64 bits

// `mantissa` / 10^`fraction`, rounded once, half to even, as std::from_chars does it (IEEE 754,
// roundTiesToEven), and faster. `fraction` is at most kMaxQuotientDigits.
[[nodiscard]] double nearest_quotient(std::uint64_t mantissa, unsigned fraction);

}  // namespace appcore::json
