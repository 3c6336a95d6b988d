#include "appcore/system/standard_output.hpp"

#include <cstdio>

namespace appcore::system {

Status write_standard_output(std::string_view text) {
    // Whole blocks are written at once, the rest by the flush: either may find the disk full.
    const bool is_written =
        std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
    if (!is_written) return errno_error("standard output");
    return Done{};
}

}  // namespace appcore::system
