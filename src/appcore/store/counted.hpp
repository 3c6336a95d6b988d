// Whether a request that comes again has been counted already.
#pragma once

#include <string>

#include "appcore/store/request_key.hpp"

namespace appcore::store {

// True if some process of the pool had counted the request and died before its reply was handed to
// the kernel: its key is pending in the slot of a dead holder, or a successor has set it aside. A
// living holder takes the count back itself when it finds that nobody waits for the reply. Reads
// every slot of the directory, so ask only for repeated requests; waits a moment for a process that
// is just dying. Slots that cannot be read count nothing.
[[nodiscard]] bool already_counted(const std::string& state_directory, const RequestKey& key);

}  // namespace appcore::store
