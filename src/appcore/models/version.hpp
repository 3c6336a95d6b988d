// The text that names a model in replies, logs and labels.
#pragma once

#include <string_view>

#include "appcore/models/limits.hpp"

namespace appcore::models {

inline constexpr std::string_view kVersionCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+:-";

// 1 to kMaxVersion of the characters above.
[[nodiscard]] constexpr bool is_version(std::string_view text) {
    return !text.empty() && text.size() <= kMaxVersion &&
           text.find_first_not_of(kVersionCharacters) == std::string_view::npos;
}

}  // namespace appcore::models
