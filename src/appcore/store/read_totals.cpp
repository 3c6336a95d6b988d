// Totals from the words of a slot, of whatever layout.
#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "appcore/store/sums.hpp"
#include "appcore/store/totals.hpp"

namespace appcore::store {
namespace {

constexpr Word kMaxSumNs = Word{1} << 62U;  // 146 years

// Adds each word to the place that `map` gives it. Returns the words' sum, more than kMaxCount if
// that is impossible.
template <typename Places>
Word add_mapped(std::span<const Word> words, const std::vector<std::size_t>& map, Places& places) {
    Word sum = 0;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == 0) continue;  // most are
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
        const auto cell_words = words.subspan(at, 2 * size);
        at += map.waits.stride;
        if (is_unused(cell_words)) continue;
        WaitCell& cell = totals.waits[endpoint];
        if (!add_durations(cell_words.first(size), map.request_buckets, cell.wait) ||
            !add_durations(cell_words.subspan(size), map.request_buckets, cell.latency)) {
            return false;
        }
    }
    return true;
}

bool add_requests(const SlotImage& image, Totals& totals) {
    const LayoutMap& map = *image.layout;
    const std::span<const Word> words{image.words};
    const std::size_t size = 1 + map.request_buckets.size() + map.statuses.size();
    std::size_t at = map.requests.offset;
    for (const std::size_t method : map.methods) {
        for (const std::size_t endpoint : map.endpoints) {
            const auto cell_words = words.subspan(at, size);
            at += map.requests.stride;
            if (is_unused(cell_words)) continue;
            RequestCell& cell = totals.cell(method, endpoint);
            if (!add_cell(cell_words, map.request_buckets, map.statuses, cell.sum_ns, cell.buckets,
                          cell.replies)) {
                return false;
            }
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
            if (!is_unused(cell_words)) return false;
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

}  // namespace

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

}  // namespace appcore::store
