#include "appcore/metrics/collector.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <numeric>
#include <utility>

#include "appcore/metrics/pool_membership.hpp"
#include "appcore/store/presence.hpp"
#include "appcore/store/slot_file.hpp"
#include "appcore/store/slot_image.hpp"
#include "appcore/system/listen_queue.hpp"

namespace appcore::metrics {
namespace {

constexpr std::size_t field(std::size_t offset) {
    return offset / sizeof(store::Word);
}

std::optional<system::SteadyTime> to_time(store::Word nanoseconds) {
    if (nanoseconds == 0) return std::nullopt;
    return system::SteadyTime{std::chrono::nanoseconds{nanoseconds}};
}

store::Word count_requests(const store::Totals& totals) {
    store::Word sum = 0;
    for (const auto& [at, cell] : totals.requests) {
        sum = std::accumulate(cell.replies.begin(), cell.replies.end(), sum);
    }
    return sum;
}

store::Word count_errors(const store::Totals& totals) {
    store::Word sum = 0;
    for (std::size_t i = 0; i < http::kStatusCodes.size(); ++i) {
        if (http::kStatusCodes[i].code < 500) continue;
        for (const auto& [at, cell] : totals.requests) sum += cell.replies[i];
    }
    return sum;
}

void add_counts(WorkerState& worker, const store::Totals& totals) {
    worker.requests += count_requests(totals);
    worker.errors += count_errors(totals);
    std::ranges::transform(worker.events, totals.events, worker.events.begin(), std::plus<>{});
}

std::optional<system::ListenQueue> queue_of(const std::vector<WorkerState>& workers) {
    // All workers share one socket.
    const auto worker = std::ranges::find_if(workers, [](const WorkerState& state) {
        return state.is_alive && state.name != kMetricsSlot;
    });
    return worker == workers.end() ? std::nullopt : system::listen_queue(worker->pid);
}

// `is_held`: a process has the slot's lock. One that is about to end has said so in the slot; one
// that is about to start has not, and the slot still tells of a process that is gone.
WorkerState state_of(const store::SlotImage& image, bool is_held) {
    WorkerState worker;
    worker.pid = static_cast<pid_t>(image.worker(field(offsetof(store::WorkerWords, pid))));
    if (is_held && worker.pid != 0) worker.usage = system::process_usage(worker.pid);
    worker.is_alive = worker.usage.has_value();
    worker.has_departed = !worker.is_alive && worker.pid == 0;
    worker.pool_size =
        static_cast<unsigned>(image.worker(field(offsetof(store::WorkerWords, pool_size))));
    worker.started = system::WallTime{
        std::chrono::microseconds{image.worker(field(offsetof(store::WorkerWords, started_us)))}};
    worker.model = image.model_version();
    worker.starts = image.worker(field(offsetof(store::WorkerWords, starts)));
    const store::Word health = image.worker(field(offsetof(store::WorkerWords, health)));
    if (health <= static_cast<store::Word>(store::Health::unhealthy))
        worker.health = static_cast<store::Health>(health);
    if (worker.is_alive) {
        worker.busy_since =
            to_time(image.worker(field(offsetof(store::WorkerWords, busy_since_ns))));
    }
    worker.last_activity =
        to_time(image.worker(field(offsetof(store::WorkerWords, last_activity_ns))));
    return worker;
}

// Those without a slot are looked for only then: it takes a look at every process. The metrics
// program, which is about to show what it finds, may be one of them.
bool is_somebody_missing(const std::vector<WorkerState>& workers) {
    const auto count_living = [&workers](auto predicate) {
        return std::ranges::count_if(workers, [&predicate](const WorkerState& worker) {
            return worker.is_alive && predicate(worker);
        });
    };
    const std::optional<unsigned> size = pool_size(workers);
    const auto is_worker = [](const WorkerState& worker) { return worker.pool_size > 0; };
    const auto is_metrics = [](const WorkerState& worker) { return worker.name == kMetricsSlot; };
    return !size || std::cmp_less(count_living(is_worker), *size) || count_living(is_metrics) == 0;
}

}  // namespace

bool is_pool_healthy(const PoolSnapshot& pool) {
    const auto says = [&pool](store::Health health) {
        return std::ranges::any_of(pool.workers, [health](const WorkerState& worker) {
            return worker.is_alive && worker.health == health;
        });
    };
    return says(store::Health::healthy) && !says(store::Health::unhealthy);
}

Collector::Collector(std::string state_directory) : state_directory_(std::move(state_directory)) {}

PoolSnapshot Collector::collect() {
    PoolSnapshot pool;
    const Result<system::FileDescriptor> directory = store::open_state_directory(state_directory_);
    if (directory) {
        const Result<std::vector<std::string>> names = store::list_slots(directory.value().get());
        if (!names) pool.problems.push_back(names.error().message);
        for (const std::string& name : names ? names.value() : std::vector<std::string>{}) {
            read_into(pool, directory.value().get(), name);
        }
    } else {
        pool.problems.push_back(directory.error().message);
    }
    if (is_somebody_missing(pool.workers)) add_unattached(pool);
    mark_replaced(pool.workers);
    pool.size = pool_size(pool.workers);
    if (const auto queue = queue_of(pool.workers)) {
        pool.queue_length = queue->unaccepted;
        pool.requests_waiting = queue->unaccepted + queue->unread;
    }
    for (const auto& [name, seen] : seen_) {
        pool.totals.add(seen.last);
        if (seen.retired) pool.totals.add(*seen.retired);
    }
    pool.totals.raise_to(shown_);
    shown_ = pool.totals;
    return pool;
}

// The counts stay those of the slot that a predecessor may have left.
void Collector::add_unattached(PoolSnapshot& pool) const {
    for (const store::Unattached& process : store::find_unattached(state_directory_)) {
        auto place = std::ranges::find(pool.workers, process.name, &WorkerState::name);
        if (place == pool.workers.end()) {
            place = pool.workers.emplace(place);
            place->name = process.name;
        }
        place->is_unattached = true;
        pool.problems.push_back(process.name +
                                " has no slot and counts in its own memory; its log says why");
        if (place->is_alive) continue;  // somebody else has the slot, by mistake
        place->is_alive = true;
        place->has_departed = false;
        place->pid = process.pid;
        place->health = process.health;
        place->started = process.started;
        place->pool_size = process.pool_size;
        place->busy_since.reset();
        place->usage = system::process_usage(process.pid);
    }
    std::ranges::sort(pool.workers, {}, &WorkerState::name);
}

void Collector::read_into(PoolSnapshot& pool, int directory, const std::string& name) {
    const bool is_held = store::is_slot_held(directory, name);
    store::SlotReading reading =
        store::read_slot(directory, store::slot_file(name), std::exchange(words_, {}));
    if (reading.state == store::SlotState::absent) return;
    if (reading.state != store::SlotState::intact) {
        pool.problems.push_back(std::move(reading.reason));
        return;
    }
    Result<store::Totals> totals = store::read_totals(reading.image);
    if (!totals) {
        pool.problems.push_back(store::slot_file(name) + ": " + totals.error().message);
        return;
    }
    if (seen_.size() >= store::kMaxSlots && !seen_.contains(name)) {
        pool.problems.push_back(store::slot_file(name) + ": more slots than are read");
        return;
    }
    const std::array<store::Word, 2> lineage = reading.image.header().lineage;
    const auto [entry, is_new] = seen_.try_emplace(name);
    Seen& seen = entry->second;
    if (!is_new && seen.lineage != lineage) {
        if (!seen.retired) seen.retired.emplace();
        seen.retired->add(seen.last);
    }
    seen.lineage = lineage;
    seen.last = std::move(totals).value();

    std::ranges::move(store::read_exemplars(reading.image), std::back_inserter(pool.exemplars));
    WorkerState worker = state_of(reading.image, is_held);
    worker.name = name;
    add_counts(worker, seen.last);
    if (seen.retired) add_counts(worker, *seen.retired);
    worker.requests = seen.shown_requests = std::max(worker.requests, seen.shown_requests);
    worker.errors = seen.shown_errors = std::max(worker.errors, seen.shown_errors);
    pool.workers.push_back(std::move(worker));
    words_ = std::move(reading.image.words);
}

}  // namespace appcore::metrics
