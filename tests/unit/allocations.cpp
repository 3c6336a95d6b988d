#include "allocations.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local bool is_counting = false;
thread_local int counted = 0;

}  // namespace

namespace allocations {

Counter::Counter() {
    counted = 0;
    is_counting = true;
}

Counter::~Counter() {
    is_counting = false;
}

int Counter::count() {
    return counted;
}

}  // namespace allocations

// Replaced for the whole test program. In a file of their own: where the compiler sees through them
// it takes malloc() and delete for a mismatch.
// NOLINTBEGIN(cppcoreguidelines-no-malloc,cppcoreguidelines-owning-memory)
void* operator new(std::size_t size) {
    if (is_counting) ++counted;
    if (void* const memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}

void operator delete(void* memory) noexcept {
    std::free(memory);
}

void operator delete(void* memory, std::size_t /*size*/) noexcept {
    std::free(memory);
}
// NOLINTEND(cppcoreguidelines-no-malloc,cppcoreguidelines-owning-memory)
