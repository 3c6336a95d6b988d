// Runs long work at a start in time that serving processes do not need.
#pragma once

#include <functional>

namespace appcore::system {

// The nice value of such work: its share beside a process that wants a whole processor is a tenth.
// With the lowest priority a busy machine might never finish it.
inline constexpr int kLowPriority = 10;

// Runs `work` in a thread of low priority and returns when it is done; what it throws is thrown
// here. A thread, since only the privileged get their priority back. Where no thread can be
// started, or its priority may not be lowered, the work is done all the same.
void run_at_low_priority(const std::function<void()>& work);

}  // namespace appcore::system
