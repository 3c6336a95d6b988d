// Which slots belong to the current pool. A pool is replaced by another one beside it
// (deploy/appcorectl), with another number of workers perhaps, and its slots stay behind with their
// counts.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "appcore/metrics/collector.hpp"

namespace appcore::metrics {

// "blue-03" is number 3 of the pool "blue".
struct Place {
    std::string_view pool;
    unsigned number = 0;
};

// Nothing for a name that is not of this form.
[[nodiscard]] std::optional<Place> place_of(std::string_view slot);

// One of the pool "peer", which serves other machines beside the current pool (deploy/pool.conf)
// and is never there instead of it.
[[nodiscard]] bool is_for_other_machines(const WorkerState& worker);

// Sets `has_departed` for the dead whose place is gone: their number is above the size of their
// pool, or nobody of their pool lives while one that may have replaced it does. Otherwise a worker
// that was killed while its pool was stopped would look like a failure for ever.
void mark_replaced(std::vector<WorkerState>& workers);

// How many workers there should be, as the youngest living one says; with those for other machines
// if there are any. While only these live, the youngest dead one of the others says it for them.
[[nodiscard]] std::optional<unsigned> pool_size(const std::vector<WorkerState>& workers);

}  // namespace appcore::metrics
