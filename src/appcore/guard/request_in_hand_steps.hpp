// The definitions of BasicRequestInHand, for those who instantiate it: request_in_hand.cpp, and a
// test in which every execution takes place that the C++ memory model allows.
#pragma once

#include "appcore/guard/request_in_hand.hpp"

namespace appcore::guard {

template <typename Threads>
void BasicRequestInHand<Threads>::begin(int connection, system::SteadyTime now) {
    connection_.store(connection, std::memory_order_relaxed);
    begun_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    step(Phase::none, Phase::reading);
}

template <typename Threads>
void BasicRequestInHand<Threads>::handle(const http::Request& request) {
    if (phase_ == Phase::handling) return step(Phase::handling, Phase::handling);  // another pass
    method_ = request.method_name;
    target_ = request.target;
    client_id_ = request.header(http::Header::x_request_id).value_or("");
    traceparent_ = request.header(http::Header::traceparent).value_or("");
    key_ = request.key;
    step(Phase::reading, Phase::handling);
}

template <typename Threads>
void BasicRequestInHand<Threads>::commit() {
    step(Phase::handling, Phase::committed);
}

template <typename Threads>
void BasicRequestInHand<Threads>::reply() {
    step(Phase::committed, Phase::replying);
}

// From whatever phase it has reached: a request may also end while it is read.
template <typename Threads>
void BasicRequestInHand<Threads>::end() {
    step(phase_, Phase::none);
}

template <typename Threads>
RequestView BasicRequestInHand<Threads>::look() const {
    const auto state = state_.load(std::memory_order_acquire);
    return state == kCondemned ? RequestView{} : view(static_cast<Phase>(state));
}

// Takes the request if it is in this phase still and, seen once more, the one that is meant.
template <typename Threads>
template <typename IsMeant>
std::optional<RequestView> BasicRequestInHand<Threads>::take(unsigned char state,
                                                             IsMeant is_meant) {
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

template <typename Threads>
std::optional<RequestView> BasicRequestInHand<Threads>::condemn(system::SteadyTime limit) {
    const auto state = state_.load(std::memory_order_acquire);
    const auto phase = static_cast<Phase>(state);
    if (phase != Phase::reading && phase != Phase::handling) return std::nullopt;
    if (begun_.load(std::memory_order_relaxed) > limit.time_since_epoch().count()) {
        return std::nullopt;
    }
    return take(state, [limit](const RequestView& request) { return request.begun <= limit; });
}

template <typename Threads>
std::optional<system::SteadyTime> BasicRequestInHand<Threads>::committed() const {
    const auto phase = static_cast<Phase>(state_.load(std::memory_order_acquire));
    if (phase != Phase::committed && phase != Phase::replying) return std::nullopt;
    return system::SteadyTime{system::SteadyTime::duration{begun_.load(std::memory_order_relaxed)}};
}

template <typename Threads>
std::optional<RequestView> BasicRequestInHand<Threads>::condemn_committed(
    system::SteadyTime begun) {
    const auto state = state_.load(std::memory_order_acquire);
    const auto phase = static_cast<Phase>(state);
    if (phase != Phase::committed && phase != Phase::replying) return std::nullopt;
    return take(state, [begun](const RequestView& request) { return request.begun == begun; });
}

template <typename Threads>
void BasicRequestInHand<Threads>::step(Phase from, Phase to) {
    auto expected = static_cast<unsigned char>(from);
    while (!state_.compare_exchange_strong(expected, static_cast<unsigned char>(to),
                                           std::memory_order_acq_rel)) {
        Threads::pause();
        expected = static_cast<unsigned char>(from);
    }
    phase_ = to;
}

template <typename Threads>
RequestView BasicRequestInHand<Threads>::view(Phase phase) const {
    RequestView view;
    view.phase = phase;
    view.connection = connection_.load(std::memory_order_relaxed);
    view.begun =
        system::SteadyTime{system::SteadyTime::duration{begun_.load(std::memory_order_relaxed)}};
    if (phase == Phase::none || phase == Phase::reading) return view;
    view.method = method_;
    view.target = target_;
    view.client_id = client_id_;
    view.traceparent = traceparent_;
    view.key = key_;
    return view;
}

}  // namespace appcore::guard
