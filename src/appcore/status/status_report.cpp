#include "appcore/status/status_report.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "appcore/metrics/worker_activity.hpp"
#include "appcore/status/status_format.hpp"
#include "appcore/status/status_numbers.hpp"

namespace appcore::status {
namespace {

using Json = nlohmann::ordered_json;
using metrics::Activity;
using metrics::WorkerState;
using Seconds = std::chrono::duration<double>;

struct PoolWords {
    std::string_view state;
    std::string_view summary;
    std::string_view since_means;  // problems come and go, this is what "since" is about
};
constexpr PoolWords kHealthy{"healthy", "The pool is healthy", "can predict"};
constexpr PoolWords kImpaired{"impaired", "The pool works, with problems", "can predict"};
constexpr PoolWords kUnhealthy{"unhealthy", "The pool cannot predict", "cannot predict"};

// The clocks, read once, so that all of a report is about the same moment.
struct Moment {
    system::WallTime wall;
    system::SteadyTime steady;
};

struct Worker {
    const WorkerState& state;
    Activity activity;
};

// Never negative, and without overflow for whatever a slot says.
template <typename Time>
double age(Time then, Time now) {
    if (then >= now || then < Time{}) return 0;
    return Seconds(now - then).count();
}

Json age_or_null(std::optional<system::SteadyTime> then, system::SteadyTime now) {
    return then ? rounded(age(*then, now)) : nullptr;
}

std::string text_of(system::WallTime time) {
    std::string text;
    system::append_date_time(text, time);
    return text + "Z";
}

std::string whole_seconds(double seconds) {
    return std::to_string(std::llround(seconds)) + " s";
}

std::vector<Worker> workers_of(const metrics::PoolSnapshot& pool) {
    std::vector<Worker> workers;
    for (const WorkerState& state : pool.workers) {
        if (state.name == metrics::kMetricsSlot || state.has_departed) continue;
        workers.push_back({state, metrics::activity_of(state)});
    }
    return workers;
}

Json worker_json(const Worker& worker, const Moment& now) {
    const WorkerState& state = worker.state;
    Json json;
    json["name"] = state.name;
    json["state"] = metrics::kActivityNames.at(static_cast<std::size_t>(worker.activity));
    json["pid"] = state.is_alive ? Json(state.pid) : Json(nullptr);
    json["age_seconds"] = state.is_alive ? rounded(age(state.started, now.wall)) : nullptr;
    json["starts"] = state.starts;
    json["requests"] = state.requests;
    json["errors"] = state.errors;
    json["current_request_seconds"] = age_or_null(state.busy_since, now.steady);
    json["last_activity_seconds"] = age_or_null(state.last_activity, now.steady);
    json["memory_bytes"] = state.usage ? Json(state.usage->resident_bytes) : Json(nullptr);
    return json;
}

unsigned workers_configured(const StatusSources& sources) {
    return sources.pool.size.value_or(sources.facts.workers);
}

// Nothing where callers do not wait. The bounds are those of the alert AppcoreQueue.
std::optional<std::string> waiting_problem(const StatusSources& sources) {
    constexpr double kLongWait = 0.1;  // seconds, of the median
    constexpr unsigned kManyWaiting = 100;
    const auto median =
        metrics::quantile_of(sources.history.last(std::chrono::minutes{1}).wait, 0.5);
    if (median > kLongWait) {
        return "callers wait: half of the requests of the last minute waited " +
               format_value("ms", *median * 1000) + " or longer for a worker";
    }
    if (sources.pool.requests_waiting > kManyWaiting) {
        return "callers wait: " + std::to_string(*sources.pool.requests_waiting) +
               " requests are waiting for a worker";
    }
    return std::nullopt;
}

// What an operator has to know, the most important first.
Json problems_of(const StatusSources& sources, const std::vector<Worker>& workers,
                 const std::optional<std::string>& waiting, system::SteadyTime now) {
    Json problems = Json::array();
    const ServiceFacts& facts = sources.facts;
    const unsigned configured = workers_configured(sources);
    const auto alive = std::ranges::count_if(
        workers, [](const Worker& worker) { return worker.activity != Activity::dead; });
    if (alive < configured) {
        problems.push_back(std::to_string(alive) + " of " + std::to_string(configured) +
                           " workers are alive");
    }
    if (waiting) problems.push_back(*waiting);
    for (const auto& [state, activity] : workers) {
        if (activity == Activity::dead) continue;
        if (activity == Activity::stopped) {
            problems.push_back(state.name + " is stopped by a signal");
        }
        if (state.health == store::Health::unhealthy) {
            problems.push_back(state.name + " says that it cannot predict");
        }
        const double busy = state.busy_since ? age(*state.busy_since, now) : 0;
        if (busy > Seconds(facts.request_timeout).count()) {
            problems.push_back(state.name + " has been at one request for " + whole_seconds(busy) +
                               "; nginx gave it up after " +
                               whole_seconds(Seconds(facts.request_timeout).count()));
        }
    }
    for (const std::string& problem : sources.pool.problems) problems.push_back(problem);
    return problems;
}

Json pool_json(const StatusSources& sources, const std::vector<Worker>& workers,
               const Moment& now) {
    const auto count = [&workers](auto predicate) {
        return std::ranges::count_if(workers, predicate);
    };
    const bool is_healthy = metrics::can_predict(sources.pool);
    const system::SteadyTime since = sources.history.health_since(is_healthy, now.steady);
    const auto unchanged =
        std::chrono::duration_cast<std::chrono::microseconds>(now.steady - since);
    const std::optional<std::string> waiting = waiting_problem(sources);
    Json problems = problems_of(sources, workers, waiting, now.steady);

    const PoolWords& words = !is_healthy ? kUnhealthy : problems.empty() ? kHealthy : kImpaired;
    Json json;
    json["healthy"] = is_healthy;
    json["state"] = words.state;
    json["summary"] = words.summary;
    json["since_means"] = words.since_means;
    json["since"] = text_of(now.wall - unchanged);
    json["since_seconds"] = rounded(age(since, now.steady));
    json["watched_seconds"] = age_or_null(sources.history.begin(), now.steady);
    json["workers_configured"] = workers_configured(sources);
    json["workers_alive"] =
        count([](const Worker& worker) { return worker.activity != Activity::dead; });
    json["workers_busy"] =
        count([](const Worker& worker) { return worker.state.busy_since.has_value(); });
    json["requests_waiting"] =
        sources.pool.requests_waiting ? Json(*sources.pool.requests_waiting) : Json(nullptr);
    json["callers_wait"] = waiting.has_value();
    json["problems"] = std::move(problems);
    return json;
}

}  // namespace

Json status_report(const StatusSources& sources, const system::Clock& clock) {
    const Moment now{clock.wall(), clock.steady()};
    const std::vector<Worker> workers = workers_of(sources.pool);
    Json model_versions = Json::array();
    for (const auto& model : sources.pool.totals.models) {
        if (model.version != store::metric::kOther) model_versions.push_back(model.version);
    }

    Json report;
    report["service"] = {{"name", sources.facts.name},
                         {"version", sources.facts.version},
                         {"model_versions", std::move(model_versions)}};
    if (const auto& model = sources.facts.model) {
        report["service"]["model"] = {
            {"version", model->version},         {"format", model->format},
            {"source_sha256", model->sha256},    {"features", model->features},
            {"golden_rows", model->golden_rows}, {"since", text_of(sources.facts.model_since)}};
    }
    report["generated_at"] = text_of(now.wall);
    report["pool"] = pool_json(sources, workers, now);
    report["workers"] = Json::array();
    for (const Worker& worker : workers) report["workers"].push_back(worker_json(worker, now));
    report["totals"] = totals_json(sources.pool.totals);
    report["last_minutes"]["1"] = traffic_json(sources.history.last(std::chrono::minutes{1}));
    report["last_minutes"]["5"] = traffic_json(sources.history.last(std::chrono::minutes{5}));
    report["history"] = history_json(sources.history.steps());
    return report;
}

}  // namespace appcore::status
