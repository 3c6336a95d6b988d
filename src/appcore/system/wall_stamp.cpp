#include "appcore/system/wall_stamp.hpp"

#include <algorithm>
#include <array>

namespace appcore::system {
namespace {

using std::chrono::nanoseconds;

// The clocks are not read at the same instant, and on a busy machine other processes run in
// between. A step that is smaller than this makes no age absurd.
constexpr nanoseconds kStep = std::chrono::milliseconds(20);

}  // namespace

SteadyTime WallStamps::look(const Clock& clock) {
    steady_ = clock.steady();
    wall_ = clock.wall();
    const nanoseconds apart = wall_.time_since_epoch() - steady_.time_since_epoch();
    if (apart_) {
        const nanoseconds width = apart - *apart_;
        if (width > kStep || width < -kStep) step_ = Step{width, steady_};
    }
    apart_ = apart;
    return steady_;
}

std::optional<nanoseconds> WallStamps::age(WallTime stamp, nanoseconds limit) const {
    // Of the time that the kernel counts, and none that overflows.
    constexpr std::chrono::hours kFar{24 * 365};
    if (stamp > wall_ + kFar || stamp < wall_ - kFar) return std::nullopt;
    const nanoseconds age = wall_ - stamp;
    const auto checked = [limit](nanoseconds possible) -> std::optional<nanoseconds> {
        if (possible < -kStep || possible > limit) return std::nullopt;
        return std::max(possible, nanoseconds::zero());
    };
    // Since the step was seen there has been no other.
    const bool is_after_step =
        !step_ || (age >= nanoseconds::zero() && age <= steady_ - step_->seen);
    if (is_after_step) return checked(age);
    const auto by_new_time = checked(age);
    const auto by_old_time = checked(age - step_->width);
    if (!by_new_time || !by_old_time) return by_new_time ? by_new_time : by_old_time;
    return std::min(*by_new_time, *by_old_time);
}

}  // namespace appcore::system
