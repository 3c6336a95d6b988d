#include "appcore/store/totals.hpp"

#include <algorithm>
#include <cstring>
#include <functional>

#include "appcore/store/sums.hpp"

namespace appcore::store {
namespace {

template <typename Words>
void add_words(Words& sums, const Words& more) {
    std::ranges::transform(sums, more, sums.begin(), std::plus<>{});
}

void add_prediction_cell(PredictionCell& sums, const PredictionCell& more) {
    sums.sum_ns += more.sum_ns;
    add_words(sums.buckets, more.buckets);
    add_words(sums.outcomes, more.outcomes);
}

void add_durations(Durations& sums, const Durations& more) {
    sums.sum_ns += more.sum_ns;
    add_words(sums.buckets, more.buckets);
}

// Raises the cumulative buckets to those of `least_buckets`, and the last one to `total`.
void raise_buckets(Buckets& buckets, const Buckets& least_buckets, Word total) {
    Word now = 0;
    Word least = 0;
    Word shown = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
        now += buckets[i];
        least += least_buckets[i];
        const Word cumulative = i + 1 == buckets.size() ? total : std::max(now, least);
        buckets[i] = cumulative - shown;
        shown = cumulative;
    }
}

// See Totals::raise_to().
void raise_cell(auto& cell, const auto& least, auto& parts, const auto& least_parts) {
    cell.sum_ns = std::max(cell.sum_ns, least.sum_ns);
    for (std::size_t i = 0; i < parts.size(); ++i) parts[i] = std::max(parts[i], least_parts[i]);
    raise_buckets(cell.buckets, least.buckets, sum_of(parts));
}

void raise_durations(Durations& durations, const Durations& least) {
    durations.sum_ns = std::max(durations.sum_ns, least.sum_ns);
    raise_buckets(durations.buckets, least.buckets,
                  std::max(sum_of(durations.buckets), sum_of(least.buckets)));
}

}  // namespace

PredictionCell& Totals::model(std::string_view version) {
    const auto found = std::ranges::find(models, version, &ModelTotals::version);
    if (found != models.end()) return found->cell;
    return models.emplace_back(ModelTotals{std::string(version)}).cell;
}

bool Totals::empty() const {
    return sum_of(events) == 0 &&
           std::ranges::all_of(requests,
                               [](const auto& c) { return sum_of(c.second.buckets) == 0; }) &&
           std::ranges::all_of(models,
                               [](const ModelTotals& m) { return sum_of(m.cell.buckets) == 0; });
}

void Totals::add(const Totals& more) {
    for (const auto& [at, theirs] : more.requests) {
        RequestCell& cell = requests[at];
        cell.sum_ns += theirs.sum_ns;
        add_words(cell.buckets, theirs.buckets);
        add_words(cell.replies, theirs.replies);
    }
    for (const auto& [at, theirs] : more.waits) {
        WaitCell& cell = waits[at];
        add_durations(cell.wait, theirs.wait);
        add_durations(cell.latency, theirs.latency);
    }
    for (const ModelTotals& theirs : more.models) {
        add_prediction_cell(model(theirs.version), theirs.cell);
    }
    add_callers(more.callers, callers);
    add_words(events, more.events);
}

void Totals::raise_to(const Totals& floor) {
    for (const auto& [at, least] : floor.requests) {
        RequestCell& cell = requests[at];
        raise_cell(cell, least, cell.replies, least.replies);
    }
    for (const auto& [at, least] : floor.waits) {
        WaitCell& cell = waits[at];
        raise_durations(cell.wait, least.wait);
        raise_durations(cell.latency, least.latency);
    }
    for (const ModelTotals& least : floor.models) {
        PredictionCell& cell = model(least.version);
        raise_cell(cell, least.cell, cell.outcomes, least.cell.outcomes);
    }
    raise_callers(floor.callers, callers);
    for (std::size_t i = 0; i < events.size(); ++i)
        events[i] = std::max(events[i], floor.events[i]);
}

void write_totals(const Totals& totals, Slot& slot) {
    for (std::size_t endpoint = 0; endpoint < http::kEndpointCount; ++endpoint) {
        for (std::size_t method = 0; method < slot.requests.size(); ++method) {
            slot.requests[method][endpoint] = totals.cell(method, endpoint);
        }
        slot.waits[endpoint] = totals.waits[endpoint];
    }
    slot.events = totals.events;
    write_callers(totals.callers, slot);

    std::ranges::fill(slot.models, ModelEntry{});
    ModelEntry& rest = slot.models.back();
    rest.name = pack_name(metric::kOther);
    auto next = slot.models.begin();
    for (const ModelTotals& model : totals.models) {
        const bool has_entry = model.version != metric::kOther && &*next != &rest;
        ModelEntry& entry = has_entry ? *next++ : rest;
        if (has_entry) entry.name = pack_name(model.version);
        add_prediction_cell(entry.cell, model.cell);
    }
}

}  // namespace appcore::store
