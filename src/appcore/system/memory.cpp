#include "appcore/system/memory.hpp"

#include <malloc.h>

namespace appcore::system {
namespace {

constexpr int kLargeBlock = 256 * 1024;  // far above what a usual request needs

}  // namespace

void return_large_blocks() {
    // Setting either of them ends their adjustment.
    mallopt(M_MMAP_THRESHOLD, kLargeBlock);
    mallopt(M_TRIM_THRESHOLD, kLargeBlock);
    mallopt(M_ARENA_MAX, 1);
}

}  // namespace appcore::system
