// The pool's numbers: all slots of a state directory, merged.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appcore/result.hpp"
#include "appcore/store/exemplar.hpp"
#include "appcore/store/slot_layout.hpp"
#include "appcore/store/totals.hpp"
#include "appcore/system/clock.hpp"
#include "appcore/system/process.hpp"

namespace appcore::metrics {

// What one slot says of its worker. Of a dead one only `started`, `starts`, `pool_size`,
// `last_activity` and its counts mean something.
struct WorkerState {
    std::string name;
    bool is_alive = false;
    bool has_departed = false;   // dead, but not a failure; see pool_membership.hpp
    bool is_unattached = false;  // alive without a slot: its counts are its own (presence.hpp)
    pid_t pid = 0;
    system::WallTime started;
    store::Word starts = 0;
    store::Health health = store::Health::unknown;
    unsigned pool_size = 0;  // workers that its pool should have; 0 if it does not say
    std::string model;       // the version of the one that it predicts with; empty if unknown
    std::optional<system::SteadyTime> busy_since;
    std::optional<system::SteadyTime> last_activity;
    // In all lineages of this slot:
    store::Word requests = 0;
    store::Word errors = 0;  // replies with a status from 500 on
    std::array<store::Word, store::metric::kEventNames.size()> events{};
    std::optional<system::ProcessUsage> usage;  // of a living one, as far as the kernel tells
};

struct PoolSnapshot {
    store::Totals totals;                    // dead slots included
    std::vector<store::Exemplar> exemplars;  // of the slots that could be read
    std::vector<WorkerState> workers;        // by name, one for each slot that could be read
    std::vector<std::string> problems;  // slots that could not be read now, each with its reason
    std::optional<unsigned> size;       // workers that there should be, if a living one says it
    std::optional<std::uint32_t> queue_length;  // connections that wait for a worker, if known
    // Those, and the connections of workers on which a request waits.
    std::optional<std::uint32_t> requests_waiting;
};

// The slot of the metrics program, which is not a worker.
inline constexpr std::string_view kMetricsSlot = "metrics";

// True as soon as a living worker says healthy and none says unhealthy.
[[nodiscard]] bool is_pool_healthy(const PoolSnapshot& pool);

// One thread at a time. Reads files only: it neither locks nor maps anything, so it disturbs no
// worker and survives whatever is done to the files.
class Collector {
  public:
    explicit Collector(std::string state_directory);

    // Current totals; counts never decrease between calls. A slot that cannot be read, has vanished
    // or was made again keeps what it was last seen with. A request that was taken back after a
    // call has shown it stays in the pool's totals until the next one of its kind, at whichever
    // worker.
    [[nodiscard]] PoolSnapshot collect();

  private:
    struct Seen {
        std::array<store::Word, 2> lineage{};
        store::Totals last;                    // of this lineage
        std::optional<store::Totals> retired;  // of the lineages before, if there were any
        store::Word shown_requests = 0;
        store::Word shown_errors = 0;
    };

    void read_into(PoolSnapshot& pool, int directory, const std::string& name);
    void add_unattached(PoolSnapshot& pool) const;

    std::string state_directory_;
    std::map<std::string, Seen> seen_;  // at most kMaxSlots
    store::Totals shown_;               // by the last call
    std::vector<store::Word> words_;    // memory of the last slot that was read, for the next one
};

}  // namespace appcore::metrics
