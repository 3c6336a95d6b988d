#include "appcore/left_lines.hpp"

#include <cstddef>
#include <utility>

#include "appcore/log/ring_file.hpp"
#include "appcore/metrics/collector.hpp"
#include "appcore/store/slot_file.hpp"
#include "appcore/store/slot_image.hpp"

namespace appcore {
namespace {

using store::Word;
using store::WorkerWords;

// What a slot says of its ring; nothing where it cannot be read.
log::RingMark mark_of(int directory, const std::string& name) {
    const auto reading = store::read_slot(directory, store::slot_file(name));
    if (reading.state != store::SlotState::intact) return {};
    return {reading.image.worker(offsetof(WorkerWords, log_ring) / sizeof(Word)),
            reading.image.worker(offsetof(WorkerWords, log_position) / sizeof(Word))};
}

}  // namespace

LeftLines::LeftLines(std::string state_directory, log::Log& log)
    : state_directory_(std::move(state_directory)), log_(log) {}

void LeftLines::collect() {
    const auto directory = store::open_state_directory(state_directory_);
    if (!directory) return;
    leave_rings(directory.value().get());
    for (const std::string& name : log::list_left_rings(directory.value().get())) {
        adopt(directory.value().get(), name);
    }
}

void LeftLines::leave_rings(int directory) {
    const auto names = store::list_slots(directory);
    if (!names) return;
    for (const std::string& name : names.value()) {
        if (name == metrics::kMetricsSlot || store::is_slot_held(directory, name)) continue;
        if (!log::has_lines(directory, name, mark_of(directory, name))) continue;
        const auto lock = store::lock_slot(directory, name);
        if (!lock) continue;  // somebody has taken the place again
        // What fails is tried again, by the next holder at the latest.
        const auto left = log::leave_ring(directory, name, mark_of(directory, name));
        if (left && !left.value().empty()) log_.error(left.value());
    }
}

void LeftLines::adopt(int directory, const std::string& name) {
    {
        const std::scoped_lock lock(in_work_->mutex);
        if (!in_work_->names.insert(name).second) return;
    }
    const auto forget = [in_work = in_work_, name] {
        const std::scoped_lock lock(in_work->mutex);
        in_work->names.erase(name);
    };
    auto left = log::open_left_ring(directory, name);
    if (!left || !left.value().ring) {
        if (left && !left.value().problem.empty()) log_.error(left.value().problem);
        forget();
        return;
    }
    log_.adopt(left.value().ring, [directory = state_directory_, name, forget] {
        if (const auto there = store::open_state_directory(directory)) {
            log::remove_left_ring(there.value().get(), name);
        }
        forget();
    });
}

}  // namespace appcore
