#include "appcore/metrics/history.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "appcore/metrics/sample_value.hpp"
#include "appcore/metrics/worker_activity.hpp"

namespace appcore::metrics {
namespace {

constexpr int kFirstError = 500;

void add(store::Buckets& sums, const store::Buckets& more) {
    std::ranges::transform(sums, more, sums.begin(), std::plus<>{});
}

Traffic sum_of(const store::Totals& totals) {
    Traffic sum;
    for (std::size_t endpoint = 0; endpoint < http::kEndpointCount; ++endpoint) {
        if (endpoint == static_cast<std::size_t>(http::Endpoint::status)) continue;
        add(sum.wait, totals.waits[endpoint].wait.buckets);
        add(sum.latency, totals.waits[endpoint].latency.buckets);
        for (std::size_t method = 0; method < http::kMethodNames.size(); ++method) {
            const store::RequestCell& cell = totals.cell(method, endpoint);
            add(sum.duration, cell.buckets);
            for (std::size_t i = 0; i < http::kStatusCodes.size(); ++i) {
                if (http::kStatusCodes[i].code >= kFirstError) sum.errors += cell.replies[i];
            }
        }
    }
    sum.requests = std::accumulate(sum.duration.begin(), sum.duration.end(), store::Word{0});
    return sum;
}

// Counters only grow; should one not, it has not moved.
store::Word growth(store::Word before, store::Word after) {
    return after > before ? after - before : 0;
}

}  // namespace

std::optional<double> Traffic::per_second(store::Word count) const {
    if (time.count() <= 0) return std::nullopt;
    return static_cast<double>(count) / time.count();
}

std::optional<double> quantile_of(const store::Buckets& buckets, double quantile) {
    const store::Word count = std::accumulate(buckets.begin(), buckets.end(), store::Word{0});
    if (count == 0) return std::nullopt;
    const double rank = quantile * static_cast<double>(count);
    store::Word below = 0;
    std::size_t at = 0;
    for (; at < store::kSlotBounds.size(); ++at) {
        below += buckets[at];
        if (buckets[at] > 0 && static_cast<double>(below) >= rank) break;
    }
    if (at == 0) return to_seconds(store::kSlotBounds.front()) / 2;
    const double lower = to_seconds(store::kSlotBounds[at - 1]);
    if (at == store::kSlotBounds.size()) return lower;
    return std::sqrt(lower * to_seconds(store::kSlotBounds[at]));
}

void History::maintain(system::SteadyTime now) {
    if (!samples_.empty() && now - samples_.back().when < kSampleInterval) return;
    const PoolSnapshot pool = collector_.collect();
    add(pool, can_predict(pool), now);
}

void History::add(const PoolSnapshot& pool, bool is_healthy, system::SteadyTime now) {
    if (!samples_.empty() && now <= samples_.back().when) return;
    if (!begin_) begin_ = now;
    if (samples_.empty() || is_healthy != is_healthy_) health_since_ = now;
    is_healthy_ = is_healthy;
    if (samples_.size() == kMaxSamples) samples_.pop_front();
    samples_.push_back({now, pool.workers.size(), sum_of(pool.totals)});
}

Traffic History::last(std::chrono::seconds length) const {
    if (samples_.empty()) return {};
    const std::size_t newest = samples_.size() - 1;
    return between(index_at(samples_.back().when - length), newest);
}

std::vector<Traffic> History::steps() const {
    std::vector<Traffic> result;
    if (samples_.empty()) return result;
    const auto end = std::chrono::floor<HistoryStep>(samples_.back().when);
    for (auto begin = end - kHistoryLength; begin < end; begin += HistoryStep{1}) {
        if (begin < samples_.front().when) continue;
        result.push_back(between(index_at(begin), index_at(begin + HistoryStep{1})));
    }
    return result;
}

system::SteadyTime History::health_since(bool is_healthy, system::SteadyTime now) const {
    if (samples_.empty() || is_healthy != is_healthy_) return now;
    return std::min(health_since_, now);
}

// The last sample not after `when`, or the first of all.
std::size_t History::index_at(system::SteadyTime when) const {
    const auto after = std::ranges::upper_bound(samples_, when, {}, &Sample::when);
    const auto index = static_cast<std::size_t>(after - samples_.begin());
    return index == 0 ? 0 : index - 1;
}

// A slot that is read for the first time, or again, brings its counts of long ago: what happened in
// that interval is not known, so neither its time nor its counts are added.
Traffic History::between(std::size_t first, std::size_t last) const {
    Traffic result;
    for (std::size_t i = first; i < last; ++i) {
        const Sample& before = samples_[i];
        const Sample& after = samples_[i + 1];
        if (after.slots > before.slots) continue;
        result.time += after.when - before.when;
        result.requests += growth(before.sum.requests, after.sum.requests);
        result.errors += growth(before.sum.errors, after.sum.errors);
        for (const auto buckets : {&Traffic::duration, &Traffic::wait, &Traffic::latency}) {
            for (std::size_t b = 0; b < store::kSlotBuckets; ++b) {
                (result.*buckets)[b] += growth((before.sum.*buckets)[b], (after.sum.*buckets)[b]);
            }
        }
    }
    return result;
}

}  // namespace appcore::metrics
