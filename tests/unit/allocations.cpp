#include "allocations.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "appcore/guard/sanitizer.hpp"

namespace {

thread_local bool is_counting = false;
thread_local int counted = 0;
thread_local std::size_t largest_size = 0;
thread_local int before_failure = 0;  // calls up to the one that fails; 0: none does

// Under a sanitizer nobody calls these two.
[[maybe_unused]] void count(std::size_t size) {
    if (!is_counting) return;
    ++counted;
    largest_size = std::max(largest_size, size);
}

[[maybe_unused]] bool fails() {
    return before_failure > 0 && --before_failure == 0;
}

}  // namespace

namespace allocations {

Counter::Counter() {
    counted = 0;
    largest_size = 0;
    is_counting = true;
}

Counter::~Counter() {
    is_counting = false;
}

int Counter::count() {
    return counted;
}

std::size_t Counter::largest() {
    return largest_size;
}

Failure::Failure(int n) {
    before_failure = n;
}

Failure::~Failure() {
    before_failure = 0;
}

bool Failure::struck() {
    return before_failure == 0;
}

}  // namespace allocations

// Replaced for the whole test program, all that have no alignment, in a file of their own: where
// the compiler sees through them it takes malloc() and delete for a mismatch. Not under a
// sanitizer, which has its own; there nothing is counted.
#if !APPCORE_HAS_SANITIZER
// NOLINTBEGIN(cppcoreguidelines-no-malloc,cppcoreguidelines-owning-memory)
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
    count(size);
    return fails() ? nullptr : std::malloc(size);
}
void* operator new(std::size_t size) {
    if (void* const memory = operator new(size, std::nothrow)) return memory;
    throw std::bad_alloc();
}
void* operator new[](std::size_t size) {
    return operator new(size);
}
void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept {
    return operator new(size, tag);
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
    std::free(memory);
}
void operator delete[](void* memory) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::size_t /*size*/) noexcept {
    std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t& /*tag*/) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, const std::nothrow_t& /*tag*/) noexcept {
    std::free(memory);
}
// NOLINTEND(cppcoreguidelines-no-malloc,cppcoreguidelines-owning-memory)
#endif
