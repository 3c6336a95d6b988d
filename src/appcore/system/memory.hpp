// How the allocator treats large blocks.
#pragma once

namespace appcore::system {

// Makes every block above 256 KiB a mapping of its own that goes back to the kernel when it is
// freed. By itself glibc raises that limit with the blocks it sees, so that a process would keep
// the memory of its largest request for ever. Once per process, at its start.
void return_large_blocks();

}  // namespace appcore::system
