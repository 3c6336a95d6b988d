#include "appcore/guard/request_in_hand.hpp"

#include <ctime>

namespace appcore::guard {

void RequestInHand::begin(int connection, system::SteadyTime now) {
    connection_.store(connection, std::memory_order_relaxed);
    begun_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    step(Phase::none, Phase::reading);
}

void RequestInHand::handle(const http::Request& request) {
    if (phase_ == Phase::handling) return step(Phase::handling, Phase::handling);  // another pass
    method_ = request.method_name;
    target_ = request.target;
    client_id_ = request.header(http::Header::x_request_id).value_or("");
    key_ = request.key;
    step(Phase::reading, Phase::handling);
}

void RequestInHand::commit() {
    step(Phase::handling, Phase::committed);
}

void RequestInHand::reply() {
    step(Phase::committed, Phase::replying);
}

// From whatever phase it has reached: a request may also end while it is read.
void RequestInHand::end() {
    step(phase_, Phase::none);
}

RequestView RequestInHand::look() const {
    const auto state = state_.load(std::memory_order_acquire);
    return state == kCondemned ? RequestView{} : view(static_cast<Phase>(state));
}

// Takes the request if it is in this phase still and, seen once more, the one that is meant.
template <typename IsMeant>
std::optional<RequestView> RequestInHand::take(unsigned char state, IsMeant is_meant) {
    // Fails if it has just gone on to another phase: then the next look tells.
    if (!state_.compare_exchange_strong(state, kCondemned, std::memory_order_acquire)) {
        return std::nullopt;
    }
    // It may also be the next request by now, in the same phase.
    const RequestView taken = view(static_cast<Phase>(state));
    if (!is_meant(taken)) {
        state_.store(state, std::memory_order_release);
        return std::nullopt;
    }
    return taken;
}

std::optional<RequestView> RequestInHand::condemn(system::SteadyTime limit) {
    const auto state = state_.load(std::memory_order_acquire);
    const auto phase = static_cast<Phase>(state);
    if (phase != Phase::reading && phase != Phase::handling) return std::nullopt;
    if (begun_.load(std::memory_order_relaxed) > limit.time_since_epoch().count()) {
        return std::nullopt;
    }
    return take(state, [limit](const RequestView& request) { return request.begun <= limit; });
}

std::optional<system::SteadyTime> RequestInHand::committed() const {
    const auto phase = static_cast<Phase>(state_.load(std::memory_order_acquire));
    if (phase != Phase::committed && phase != Phase::replying) return std::nullopt;
    return system::SteadyTime{system::SteadyTime::duration{begun_.load(std::memory_order_relaxed)}};
}

std::optional<RequestView> RequestInHand::condemn_committed(system::SteadyTime begun) {
    const auto state = state_.load(std::memory_order_acquire);
    const auto phase = static_cast<Phase>(state);
    if (phase != Phase::committed && phase != Phase::replying) return std::nullopt;
    return take(state, [begun](const RequestView& request) { return request.begun == begun; });
}

void RequestInHand::step(Phase from, Phase to) {
    constexpr timespec kPause = {0, 1'000'000};
    auto expected = static_cast<unsigned char>(from);
    while (!state_.compare_exchange_strong(expected, static_cast<unsigned char>(to),
                                           std::memory_order_acq_rel)) {
        ::nanosleep(&kPause, nullptr);
        expected = static_cast<unsigned char>(from);
    }
    phase_ = to;
}

RequestView RequestInHand::view(Phase phase) const {
    RequestView view;
    view.phase = phase;
    view.connection = connection_.load(std::memory_order_relaxed);
    view.begun =
        system::SteadyTime{system::SteadyTime::duration{begun_.load(std::memory_order_relaxed)}};
    if (phase == Phase::none || phase == Phase::reading) return view;
    view.method = method_;
    view.target = target_;
    view.client_id = client_id_;
    view.key = key_;
    return view;
}

}  // namespace appcore::guard
