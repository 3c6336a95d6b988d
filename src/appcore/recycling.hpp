// When a worker ends to make room for a new one.
#pragma once

#include <cstdint>

#include "appcore/system/ids.hpp"

namespace appcore {

// After how many requests: `max_requests` (APPCORE_MAX_REQUESTS; 0: never), a tenth more or less,
// so that workers that started together do not end together.
[[nodiscard]] std::uint64_t recycle_after(std::uint64_t max_requests, system::IdSource& ids);

}  // namespace appcore
