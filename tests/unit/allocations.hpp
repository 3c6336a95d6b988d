// How often this thread calls operator new, for tests of what must not, and calls that fail, for
// tests of what must bear it.
#pragma once

#include <cstddef>

namespace allocations {

// Counts from its making to its end. One at a time in a thread.
class Counter {
  public:
    Counter();
    ~Counter();
    Counter(const Counter&) = delete;
    Counter& operator=(const Counter&) = delete;

    [[nodiscard]] static int count();
    [[nodiscard]] static std::size_t largest();  // bytes that one call asked for
};

// Until its end the n-th call in this thread fails, n from 1 on.
class Failure {
  public:
    explicit Failure(int n);
    ~Failure();
    Failure(const Failure&) = delete;
    Failure& operator=(const Failure&) = delete;

    // Whether there were so many calls.
    [[nodiscard]] static bool struck();
};

}  // namespace allocations
