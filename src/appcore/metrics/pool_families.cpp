#include "appcore/metrics/pool_families.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <utility>

#include "appcore/metrics/caller_families.hpp"
#include "appcore/metrics/certificate.hpp"
#include "appcore/metrics/duration_families.hpp"
#include "appcore/metrics/families.hpp"
#include "appcore/metrics/family_builder.hpp"

namespace appcore::metrics {
namespace {

using Families = std::vector<prometheus::MetricFamily>;
using Seconds = std::chrono::duration<double>;

double seconds_since_epoch(system::WallTime time) {
    return Seconds(time.time_since_epoch()).count();
}

// A family with one sample for each worker that has a value and is not gone for good. `value` gives
// an optional<double>.
template <typename Value>
prometheus::MetricFamily per_worker(const store::metric::Definition& definition,
                                    const PoolSnapshot& pool, Value value) {
    auto family = make_family(definition);
    for (const WorkerState& worker : pool.workers) {
        const std::optional<double> number = value(worker);
        if (number && !worker.has_departed)
            add_gauge(family, {label(store::metric::kLabelWorker, worker.name)}, *number);
    }
    return family;
}

// The same for a counter, which dead workers have too.
template <typename Count>
prometheus::MetricFamily counted_per_worker(const store::metric::Definition& definition,
                                            const PoolSnapshot& pool, Count count) {
    auto family = make_family(definition);
    for (const WorkerState& worker : pool.workers) {
        add_counter(family, {label(store::metric::kLabelWorker, worker.name)}, count(worker));
    }
    return family;
}

store::Word events_of(const WorkerState& worker, store::metric::Event event) {
    return worker.events[static_cast<std::size_t>(event)];
}

void add_workers(Families& families, const PoolSnapshot& pool, system::SteadyTime now) {
    families.push_back(per_worker(store::metric::kWorkerUp, pool, [](const WorkerState& worker) {
        return std::optional(worker.is_alive ? 1.0 : 0.0);
    }));
    families.push_back(per_worker(store::metric::kWorkerBusy, pool, [](const WorkerState& worker) {
        return std::optional(worker.busy_since ? 1.0 : 0.0);
    }));
    families.push_back(
        counted_per_worker(store::metric::kWorkerRequests, pool,
                           [](const WorkerState& worker) { return worker.requests; }));
    families.push_back(counted_per_worker(store::metric::kWorkerStarts, pool,
                                          [](const WorkerState& worker) { return worker.starts; }));
    families.push_back(
        per_worker(store::metric::kWorkerMemory, pool, [](const WorkerState& worker) {
            return worker.usage ? std::optional(static_cast<double>(worker.usage->resident_bytes))
                                : std::nullopt;
        }));
    families.push_back(
        per_worker(store::metric::kWorkerStartTime, pool, [](const WorkerState& worker) {
            return worker.is_alive ? std::optional(seconds_since_epoch(worker.started))
                                   : std::nullopt;
        }));
    families.push_back(
        per_worker(store::metric::kWorkerIdleTime, pool, [now](const WorkerState& worker) {
            // Another process may have been active since `now` was taken.
            return worker.last_activity
                       ? std::optional(std::max(0.0, Seconds(now - *worker.last_activity).count()))
                       : std::nullopt;
        }));
    families.push_back(
        counted_per_worker(store::metric::kLogLinesDropped, pool, [](const WorkerState& worker) {
            return events_of(worker, store::metric::Event::log_line_dropped);
        }));
    families.push_back(
        counted_per_worker(store::metric::kRequestTimeouts, pool, [](const WorkerState& worker) {
            return events_of(worker, store::metric::Event::request_timeout);
        }));
}

// As many series as there are models among the living workers.
prometheus::MetricFamily model_workers(const PoolSnapshot& pool) {
    std::map<std::string_view, double> counts;
    for (const WorkerState& worker : pool.workers) {
        if (!worker.is_alive || worker.name == kMetricsSlot || worker.model.empty()) continue;
        ++counts[worker.model];
    }
    auto family = make_family(store::metric::kModelWorkers);
    for (const auto& [version, count] : counts) {
        add_gauge(family, {label(store::metric::kLabelModelVersion, std::string(version))}, count);
    }
    return family;
}

void add_pool(Families& families, const PoolSnapshot& pool, const PoolFacts& facts) {
    auto info = make_family(store::metric::kBuildInfo);
    add_gauge(info,
              {label(store::metric::kLabelCommit, facts.commit),
               label(store::metric::kLabelVersion, facts.version)},
              1);
    families.push_back(std::move(info));
    if (facts.model) {
        auto model = make_family(store::metric::kModelInfo);
        add_gauge(model,
                  {label(store::metric::kLabelFormat, facts.model->format),
                   label(store::metric::kLabelModelVersion, facts.model->version),
                   label(store::metric::kLabelSha256, facts.model->sha256)},
                  1);
        families.push_back(std::move(model));
    }
    families.push_back(model_workers(pool));
    if (const auto end = read_certificate_end(facts.certificate_file)) {
        auto certificate = make_family(store::metric::kCertificateEnd);
        add_gauge(certificate, {}, *end);
        families.push_back(std::move(certificate));
    }
    auto workers = make_family(store::metric::kWorkers);
    add_gauge(workers, {}, pool.size.value_or(facts.workers));
    families.push_back(std::move(workers));
    auto unattached = make_family(store::metric::kWorkersUnattached);
    add_gauge(
        unattached, {},
        static_cast<double>(std::ranges::count_if(pool.workers, &WorkerState::is_unattached)));
    families.push_back(std::move(unattached));
    auto in_flight = make_family(store::metric::kRequestsInFlight);
    add_gauge(
        in_flight, {},
        static_cast<double>(std::ranges::count_if(pool.workers, [](const WorkerState& worker) {
            return worker.busy_since && worker.name != kMetricsSlot;
        })));
    families.push_back(std::move(in_flight));
    auto queue = make_family(store::metric::kQueueLength);
    if (pool.queue_length) add_gauge(queue, {}, *pool.queue_length);
    families.push_back(std::move(queue));
    auto waiting = make_family(store::metric::kRequestsWaiting);
    if (pool.requests_waiting) add_gauge(waiting, {}, *pool.requests_waiting);
    families.push_back(std::move(waiting));
}

void add_events(Families& families, const store::Totals& totals) {
    const auto count = [&totals](store::metric::Event event) {
        return totals.events[static_cast<std::size_t>(event)];
    };
    auto store = make_family(store::metric::kStoreEvents);
    for (std::size_t i = 0; i < store::metric::kStoreEventCount; ++i) {
        add_counter(store, {label(store::metric::kLabelEvent, store::metric::kEventNames[i])},
                    totals.events[i]);
    }
    families.push_back(std::move(store));
    auto pushes = make_family(store::metric::kPushes);
    add_counter(pushes, {label(store::metric::kLabelResult, "success")},
                count(store::metric::Event::push_success));
    add_counter(pushes, {label(store::metric::kLabelResult, "failure")},
                count(store::metric::Event::push_failure));
    families.push_back(std::move(pushes));
}

// The pool as one process: what adds up is added up, and the start is the latest one.
void add_process(Families& families, const PoolSnapshot& pool) {
    system::ProcessUsage sum{};
    system::WallTime latest{};
    for (const WorkerState& worker : pool.workers) {
        if (!worker.usage) continue;
        sum.resident_bytes += worker.usage->resident_bytes;
        sum.virtual_bytes += worker.usage->virtual_bytes;
        sum.open_files += worker.usage->open_files;
        latest = std::max(latest, worker.started);
    }
    const auto add = [&families](const store::metric::Definition& definition, double value) {
        auto family = make_family(definition);
        add_gauge(family, {}, value);
        families.push_back(std::move(family));
    };
    add(store::metric::kProcessVirtualMemory, static_cast<double>(sum.virtual_bytes));
    add(store::metric::kProcessResidentMemory, static_cast<double>(sum.resident_bytes));
    add(store::metric::kProcessStartTime, seconds_since_epoch(latest));
    add(store::metric::kProcessOpenFds, static_cast<double>(sum.open_files));
}

}  // namespace

Families pool_families(const PoolSnapshot& pool, const PoolFacts& facts, system::SteadyTime now) {
    Families families;
    add_pool(families, pool, facts);
    std::ranges::move(duration_families(pool.totals), std::back_inserter(families));
    if (auto callers = caller_family(pool.totals.callers)) families.push_back(std::move(*callers));
    add_workers(families, pool, now);
    add_events(families, pool.totals);
    add_process(families, pool);
    return families;
}

Families all_families(const PoolSnapshot& pool, const PoolFacts& facts, system::SteadyTime now) {
    Families families = service_families(pool, facts.version);
    std::ranges::move(pool_families(pool, facts, now), std::back_inserter(families));
    return families;
}

}  // namespace appcore::metrics
