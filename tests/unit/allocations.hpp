// How often this thread calls operator new, for tests of what must not.
#pragma once

namespace allocations {

// Counts from its making to its end. One at a time in a thread.
class Counter {
  public:
    Counter();
    ~Counter();
    Counter(const Counter&) = delete;
    Counter& operator=(const Counter&) = delete;

    [[nodiscard]] static int count();
};

}  // namespace allocations
