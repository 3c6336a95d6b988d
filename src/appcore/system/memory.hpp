// How the allocator treats large blocks.
#pragma once

namespace appcore::system {

// Makes every block above 256 KiB a mapping of its own that goes back to the kernel when it is
// freed. By itself glibc raises that limit with the blocks it sees, so that a process would keep
// the memory of its largest request for ever. One arena for all threads: those beside the serving
// one allocate hardly anything, and an arena of their own would reserve 64 MiB of addresses, which
// a memory limit counts. Once per process, at its start.
void return_large_blocks();

}  // namespace appcore::system
