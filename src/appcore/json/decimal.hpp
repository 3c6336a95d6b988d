// From decimal text to the nearest double, for texts of any length. No locale.
#pragma once

#include <string_view>

namespace appcore::json {

// The double nearest to `decimal`: an optional minus, digits with an optional point (on either side
// the digits may be missing), an optional exponent. Too large gives an infinity, too small a zero.
[[nodiscard]] double parse_decimal(std::string_view decimal);

}  // namespace appcore::json
