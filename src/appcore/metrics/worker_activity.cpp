#include "appcore/metrics/worker_activity.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <string>

#include "appcore/metrics/pool_membership.hpp"
#include "appcore/system/file_descriptor.hpp"

namespace appcore::metrics {
namespace {

// proc(5): "PID (NAME) STATE ..."; the name may contain anything, parentheses too.
bool is_stopped(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/stat";
    const system::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 512> buffer{};
    const ssize_t size = file.is_open() ? ::read(file.get(), buffer.data(), buffer.size()) : -1;
    if (size <= 0) return false;
    const std::string_view text(buffer.data(), static_cast<std::size_t>(size));
    const std::size_t name_end = text.rfind(") ");
    if (name_end == std::string_view::npos) return false;
    const std::string_view state = text.substr(name_end + 2, 1);
    return state == "T" || state == "t";
}

}  // namespace

Activity activity_of(const WorkerState& worker) {
    if (!worker.is_alive) return Activity::dead;
    if (is_stopped(worker.pid)) return Activity::stopped;
    return worker.busy_since ? Activity::busy : Activity::idle;
}

bool can_predict(const PoolSnapshot& pool) {
    return is_pool_healthy(pool) &&
           std::ranges::any_of(pool.workers, [](const WorkerState& worker) {
               return worker.health == store::Health::healthy && worker.is_alive &&
                      !is_for_other_machines(worker) && !is_stopped(worker.pid);
           });
}

}  // namespace appcore::metrics
