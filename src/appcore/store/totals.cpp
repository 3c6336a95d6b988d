#include "appcore/store/totals.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>

namespace appcore::store {
namespace {

constexpr Word kMaxSumNs = Word{1} << 62U;  // 146 years

template <typename Words>
void add_words(Words& sums, const Words& more) {
    std::ranges::transform(sums, more, sums.begin(), std::plus<>{});
}

template <typename Words>
Word sum_of(const Words& words) {
    return std::accumulate(words.begin(), words.end(), Word{0});
}

// Most cells of a slot are: few methods of an endpoint are ever asked.
bool is_unused(std::span<const Word> words) {
    Word all = 0;
    for (const Word word : words) all |= word;
    return all == 0;
}

// Adds each word to the place that `map` gives it. Returns the words' sum, more than max_count if
// that is impossible.
template <typename Places>
Word add_mapped(std::span<const Word> words, const std::vector<std::size_t>& map, Places& places) {
    Word sum = 0;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] > kMaxCount - sum) return kMaxCount + 1;
        sum += words[i];
        places[map[i]] += words[i];
    }
    return sum;
}

// Adds a cell: its sum, its buckets, and its replies or outcomes. False if it is impossible, or
// what it is added to becomes so: several cells of another layout may be one here.
template <typename Parts>
bool add_cell(std::span<const Word> words, const std::vector<std::size_t>& bucket_map,
              const std::vector<std::size_t>& part_map, Word& sum_ns, auto& buckets, Parts& parts) {
    if (is_unused(words)) return true;
    if (words[0] > kMaxSumNs) return false;
    sum_ns += words[0];
    const Word observed = add_mapped(words.subspan(1, bucket_map.size()), bucket_map, buckets);
    const Word counted =
        add_mapped(words.subspan(1 + bucket_map.size(), part_map.size()), part_map, parts);
    return observed == counted && observed <= kMaxCount && (observed > 0 || words[0] == 0) &&
           sum_ns <= kMaxSumNs && sum_of(buckets) <= kMaxCount;
}

// Adds durations that nothing else has to add up to.
bool add_durations(std::span<const Word> words, const std::vector<std::size_t>& bucket_map,
                   Durations& durations) {
    if (is_unused(words)) return true;
    if (words[0] > kMaxSumNs) return false;
    durations.sum_ns += words[0];
    const Word observed =
        add_mapped(words.subspan(1, bucket_map.size()), bucket_map, durations.buckets);
    return observed <= kMaxCount && (observed > 0 || words[0] == 0) &&
           durations.sum_ns <= kMaxSumNs && sum_of(durations.buckets) <= kMaxCount;
}

bool add_waits(const SlotImage& image, Totals& totals) {
    const LayoutMap& map = *image.layout;
    if (map.waits.offset == LayoutMap::kAbsent) return true;
    const std::span<const Word> words{image.words};
    const std::size_t size = 1 + map.request_buckets.size();
    std::size_t at = map.waits.offset;
    for (const std::size_t endpoint : map.endpoints) {
        WaitCell& cell = totals.waits[endpoint];
        if (!add_durations(words.subspan(at, size), map.request_buckets, cell.wait) ||
            !add_durations(words.subspan(at + size, size), map.request_buckets, cell.latency)) {
            return false;
        }
        at += map.waits.stride;
    }
    return true;
}

bool add_requests(const SlotImage& image, Totals& totals) {
    const LayoutMap& map = *image.layout;
    const std::span<const Word> words{image.words};
    std::size_t at = map.requests.offset;
    for (const std::size_t method : map.methods) {
        for (const std::size_t endpoint : map.endpoints) {
            RequestCell& cell = totals.cell(method, endpoint);
            if (!add_cell(words.subspan(at, map.requests.stride), map.request_buckets, map.statuses,
                          cell.sum_ns, cell.buckets, cell.replies)) {
                return false;
            }
            at += map.requests.stride;
        }
    }
    return true;
}

bool is_valid_name(std::span<const Word, kNameWords> words, const std::string& name) {
    return std::ranges::equal(pack_name(name), words);
}

bool add_models(const SlotImage& image, Totals& totals) {
    const LayoutMap& map = *image.layout;
    const std::span<const Word> words{image.words};
    for (std::size_t i = 0; i < map.model_count; ++i) {
        const auto entry =
            words.subspan(map.models.offset + i * map.models.stride, map.models.stride);
        const auto name_words = entry.first<kNameWords>();
        const std::string name = unpack_name(name_words);
        if (!is_valid_name(name_words, name)) return false;
        const auto cell_words = entry.subspan(kNameWords);
        if (name.empty()) {
            if (sum_of(cell_words) != 0) return false;
            continue;
        }
        PredictionCell& cell = totals.model(name);
        if (!add_cell(cell_words, map.prediction_buckets, map.outcomes, cell.sum_ns, cell.buckets,
                      cell.outcomes)) {
            return false;
        }
    }
    return true;
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
                               [](const RequestCell& c) { return sum_of(c.buckets) == 0; }) &&
           std::ranges::all_of(models,
                               [](const ModelTotals& m) { return sum_of(m.cell.buckets) == 0; });
}

void Totals::add(const Totals& more) {
    for (std::size_t i = 0; i < requests.size(); ++i) {
        if (is_unused(more.requests[i].replies)) continue;
        requests[i].sum_ns += more.requests[i].sum_ns;
        add_words(requests[i].buckets, more.requests[i].buckets);
        add_words(requests[i].replies, more.requests[i].replies);
    }
    for (std::size_t i = 0; i < waits.size(); ++i) {
        if (is_unused(more.waits[i].latency.buckets)) continue;
        add_durations(waits[i].wait, more.waits[i].wait);
        add_durations(waits[i].latency, more.waits[i].latency);
    }
    for (const ModelTotals& theirs : more.models) {
        add_prediction_cell(model(theirs.version), theirs.cell);
    }
    add_callers(more.callers, callers);
    add_words(events, more.events);
}

void Totals::raise_to(const Totals& floor) {
    for (std::size_t i = 0; i < requests.size(); ++i) {
        RequestCell& cell = requests[i];
        const RequestCell& least = floor.requests[i];
        if (is_unused(least.replies)) continue;
        raise_cell(cell, least, cell.replies, least.replies);
    }
    for (std::size_t i = 0; i < waits.size(); ++i) {
        if (is_unused(floor.waits[i].latency.buckets)) continue;
        raise_durations(waits[i].wait, floor.waits[i].wait);
        raise_durations(waits[i].latency, floor.waits[i].latency);
    }
    for (const ModelTotals& least : floor.models) {
        PredictionCell& cell = model(least.version);
        raise_cell(cell, least.cell, cell.outcomes, least.cell.outcomes);
    }
    raise_callers(floor.callers, callers);
    for (std::size_t i = 0; i < events.size(); ++i)
        events[i] = std::max(events[i], floor.events[i]);
}

Result<Totals> read_totals(const SlotImage& image) {
    Totals totals;
    if (!add_requests(image, totals)) return Error{"impossible numbers of requests"};
    if (!add_waits(image, totals)) return Error{"impossible numbers of waiting requests"};
    if (!add_models(image, totals)) return Error{"impossible numbers of predictions"};
    if (!add_callers(image, totals.callers)) return Error{"impossible numbers of callers"};
    for (std::size_t i = 0; i < totals.events.size(); ++i) {
        const std::size_t index = image.layout->events.at(i);
        if (index == LayoutMap::kAbsent) continue;
        if (image.words[index] > kMaxCount) return Error{"impossible numbers of events"};
        totals.events.at(i) = image.words[index];
    }
    return totals;
}

void write_totals(const Totals& totals, Slot& slot) {
    for (std::size_t method = 0; method < slot.requests.size(); ++method) {
        std::copy_n(&totals.cell(method, 0), http::kEndpointCount, slot.requests[method].begin());
    }
    std::ranges::copy(totals.waits, slot.waits.begin());
    slot.events = totals.events;
    write_callers(totals.callers, slot);

    ModelEntry& rest = slot.models.back();
    for (ModelEntry& entry : slot.models) entry = ModelEntry{};
    rest.name = pack_name(metric::kOther);
    const auto is_named = [](const ModelTotals& m) { return m.version != metric::kOther; };
    auto named = static_cast<std::size_t>(std::ranges::count_if(totals.models, is_named));
    std::size_t next = 0;
    for (const ModelTotals& model : totals.models) {
        const bool merged = !is_named(model) || named > kModelEntries - 1;
        if (merged && is_named(model)) --named;
        ModelEntry& entry = merged ? rest : slot.models.at(next++);
        if (!merged) entry.name = pack_name(model.version);
        add_prediction_cell(entry.cell, model.cell);
    }
}

}  // namespace appcore::store
