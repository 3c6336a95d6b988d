// What the kernel says of a running process (proc(5)).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace appcore::system {

struct ProcessUsage {
    std::uint64_t resident_bytes;
    std::uint64_t virtual_bytes;
    std::uint64_t open_files;  // 0 where the process belongs to somebody else
};

// Nothing if there is no such process, or only what its parent has not yet waited for.
[[nodiscard]] std::optional<ProcessUsage> process_usage(pid_t pid);

}  // namespace appcore::system
