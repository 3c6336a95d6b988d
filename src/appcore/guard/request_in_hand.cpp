#include "appcore/guard/request_in_hand.hpp"

#include <ctime>

#include "appcore/guard/request_in_hand_steps.hpp"

namespace appcore::guard {

void RealThreads::pause() {
    constexpr timespec kPause = {0, 1'000'000};
    ::nanosleep(&kPause, nullptr);
}

template class BasicRequestInHand<RealThreads>;

}  // namespace appcore::guard
