#include "appcore/metrics/pool_membership.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <numeric>
#include <system_error>

namespace appcore::metrics {
namespace {

// The pool that serves other machines beside the current pool (deploy/pool.conf).
constexpr std::string_view kPeerPool = "peer";

// A living worker, which the metrics program is not.
bool is_member(const WorkerState& worker) {
    return worker.is_alive && worker.pool_size > 0;
}

bool is_of(const WorkerState& worker, std::string_view pool) {
    const auto place = place_of(worker.name);
    return place && place->pool == pool;
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

void mark_replaced(std::vector<WorkerState>& workers) {
    if (std::ranges::none_of(workers, is_member)) return;
    for (WorkerState& worker : workers) {
        const auto place = place_of(worker.name);
        if (worker.is_alive || !place) continue;
        const auto sibling = std::ranges::find_if(workers, [&](const WorkerState& other) {
            return is_member(other) && is_of(other, place->pool);
        });
        if (sibling == workers.end() || place->number > sibling->pool_size)
            worker.has_departed = true;
    }
}

std::optional<unsigned> pool_size(const std::vector<WorkerState>& workers) {
    std::map<std::string_view, const WorkerState*> youngest;
    for (const WorkerState& worker : workers) {
        const auto place = place_of(worker.name);
        if (!is_member(worker) || !place) continue;
        // A pool and the one that takes its place are one.
        const WorkerState*& entry = youngest[place->pool == kPeerPool ? kPeerPool : ""];
        if (entry == nullptr || worker.started > entry->started) entry = &worker;
    }
    if (youngest.empty()) return std::nullopt;
    return std::accumulate(
        youngest.begin(), youngest.end(), 0U,
        [](unsigned sum, const auto& entry) { return sum + entry.second->pool_size; });
}

}  // namespace appcore::metrics
