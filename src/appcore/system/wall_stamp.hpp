// How long ago another process read the wall clock, although that may have been set meanwhile.
#pragma once

#include <chrono>
#include <optional>

#include "appcore/system/clock.hpp"

namespace appcore::system {

// One thread. A clock that is set (by hand, by NTP, after a suspend) is seen at the next look: the
// two clocks are further apart than before. A stamp may then be from before or after that; of the
// two ages the smaller that is possible is right as long as nothing is older than the step is wide.
class WallStamps {
  public:
    // Reads both clocks, and returns the steady one. To be called often, and where ages are asked
    // for.
    SteadyTime look(const Clock& clock);

    // The age of `stamp` at the last look. Not negative; nothing where it is above `limit` or makes
    // no sense at all.
    [[nodiscard]] std::optional<std::chrono::nanoseconds> age(WallTime stamp,
                                                              std::chrono::nanoseconds limit) const;

  private:
    struct Step {
        std::chrono::nanoseconds width;  // of the wall clock, forward
        SteadyTime seen;
    };

    WallTime wall_{};
    SteadyTime steady_{};
    std::optional<std::chrono::nanoseconds> apart_;  // the wall clock less the steady one
    std::optional<Step> step_;
};

}  // namespace appcore::system
