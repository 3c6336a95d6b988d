#include "appcore/metrics/pool_membership.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace appcore::metrics {
namespace {

constexpr std::string_view kPeerPool = "peer";

// A living worker, which the metrics program is not.
bool is_member(const WorkerState& worker) {
    return worker.is_alive && worker.pool_size > 0;
}

bool is_of(const WorkerState& worker, std::string_view pool) {
    const auto place = place_of(worker.name);
    return place && place->pool == pool;
}

// A pool and the one that replaces it are one. Nobody without a place or a size.
template <typename Filter>
const WorkerState* youngest(const std::vector<WorkerState>& workers, Filter filter) {
    const WorkerState* found = nullptr;
    for (const WorkerState& worker : workers) {
        if (worker.pool_size == 0 || !place_of(worker.name) || !filter(worker)) continue;
        if (found == nullptr || worker.started > found->started) found = &worker;
    }
    return found;
}

}  // namespace

std::optional<Place> place_of(std::string_view slot) {
    const std::size_t dash = slot.rfind('-');
    if (dash == std::string_view::npos || dash == 0) return std::nullopt;
    Place place{slot.substr(0, dash)};
    const char* const end = slot.data() + slot.size();
    const auto [stop, error] = std::from_chars(slot.data() + dash + 1, end, place.number);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return place;
}

bool is_for_other_machines(const WorkerState& worker) {
    return is_of(worker, kPeerPool);
}

void mark_replaced(std::vector<WorkerState>& workers) {
    for (WorkerState& worker : workers) {
        const auto place = place_of(worker.name);
        if (worker.is_alive || !place) continue;
        const auto sibling = std::ranges::find_if(workers, [&](const WorkerState& other) {
            return is_member(other) && is_of(other, place->pool);
        });
        const auto may_replace_it = [&](const WorkerState& other) {
            return is_member(other) &&
                   (is_for_other_machines(worker) || !is_for_other_machines(other));
        };
        const bool is_gone = sibling == workers.end() ? std::ranges::any_of(workers, may_replace_it)
                                                      : place->number > sibling->pool_size;
        if (is_gone) worker.has_departed = true;
    }
}

std::optional<unsigned> pool_size(const std::vector<WorkerState>& workers) {
    const WorkerState* const for_others = youngest(workers, [](const WorkerState& worker) {
        return worker.is_alive && is_for_other_machines(worker);
    });
    const auto is_own = [](const WorkerState& worker) { return !is_for_other_machines(worker); };
    const WorkerState* own = youngest(
        workers, [&](const WorkerState& worker) { return worker.is_alive && is_own(worker); });
    if (own == nullptr && for_others != nullptr) own = youngest(workers, is_own);
    if (own == nullptr) return std::nullopt;
    return own->pool_size + (for_others != nullptr ? for_others->pool_size : 0);
}

}  // namespace appcore::metrics
