// Which build this is.
#pragma once

#include <string_view>

namespace appcore {

// The commit of the sources, shortened, with "-dirty" behind it where they differed from it;
// "unknown" where they were not a git checkout.
[[nodiscard]] std::string_view build_commit();

}  // namespace appcore
