// Whether a request that comes again has been counted already.
#pragma once

#include <string>

#include "appcore/monitoring/request_key.hpp"

namespace appcore::monitoring {

// True if the request is among the last ones (recent_keys) that some slot of the pool has recorded,
// its holder alive or not: then a worker counted it but died before its reply left. Reads every
// slot of the directory, so ask only for repeated requests. Slots that cannot be read count
// nothing.
[[nodiscard]] bool already_counted(const std::string& state_directory, const RequestKey& key);

}  // namespace appcore::monitoring
