#include "appcore/system/low_priority.hpp"

#include <sys/resource.h>

#include <future>
#include <system_error>

namespace appcore::system {

void run_at_low_priority(const std::function<void()>& work) {
    std::future<void> done;
    try {
        done = std::async(std::launch::async, [&work] {
            // 0: the thread that asks; Linux has a nice value for each.
            ::setpriority(PRIO_PROCESS, 0, kLowPriority);
            work();
        });
    } catch (const std::system_error&) {
        work();
        return;
    }
    done.get();
}

}  // namespace appcore::system
