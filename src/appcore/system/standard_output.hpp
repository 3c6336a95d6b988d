// What a command prints.
#pragma once

#include <string_view>

#include "appcore/result.hpp"

namespace appcore::system {

// Writes all of `text` to standard output and past its buffer, or says why that failed: whoever
// reads a part of it must be able to tell by the exit code.
[[nodiscard]] Status write_standard_output(std::string_view text);

}  // namespace appcore::system
