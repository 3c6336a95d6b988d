// What a machine takes away from its own programs: a virtual one's host, interrupts, other
// processes. Spins on one processor and looks for gaps in the time, which no latency measured here
// can be better than.
//
//   pauses PROCESSOR SECONDS
//
// Prints one line of JSON: the part of the time that was lost, and the longest gap.
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::microseconds kPause{50};  // a timer's interrupt is shorter

bool stay_on(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(processor), &set);
    return sched_setaffinity(0, sizeof set, &set) == 0;
}

}  // namespace

int main(int argc, char* argv[]) {
    if (argc != 3 || !stay_on(std::atoi(argv[1]))) return EXIT_FAILURE;
    const Clock::time_point begin = Clock::now();
    const Clock::time_point end = begin + std::chrono::seconds(std::atoi(argv[2]));
    Clock::duration lost{0};
    Clock::duration longest{0};
    Clock::time_point last = begin;
    while (last < end) {
        const Clock::time_point now = Clock::now();
        const Clock::duration gap = now - last;
        if (gap >= kPause) lost += gap;
        longest = std::max(longest, gap);
        last = now;
    }
    const std::chrono::duration<double> whole = last - begin;
    std::printf(R"({"lost":%.6f,"longest_ms":%.3f})"
                "\n",
                std::chrono::duration<double>(lost) / whole,
                std::chrono::duration<double, std::milli>(longest).count());
}
