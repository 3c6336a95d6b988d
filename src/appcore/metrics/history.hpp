// The pool's last minutes, for people who look at it now; Prometheus keeps the longer history.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <ratio>
#include <span>
#include <vector>

#include "appcore/metrics/collector.hpp"
#include "appcore/store/slot_layout.hpp"
#include "appcore/system/clock.hpp"

namespace appcore::metrics {

inline constexpr std::chrono::seconds kHistoryLength{300};
using HistoryStep = std::chrono::duration<std::int64_t, std::ratio<5>>;  // enough for a p99
inline constexpr std::chrono::seconds kSampleInterval{1};
// The length, the step that is not complete yet, and some for samples that came early.
inline constexpr std::size_t kMaxSamples = 320;

// What happened in some time. /status itself does not appear: who looks at an idle pool should see
// that it is idle.
struct Traffic {
    std::chrono::duration<double> time{};  // zero: nothing is known
    store::Word requests = 0;
    store::Word errors = 0;  // replies with a status from 500 on
    // The worker's own time, the waiting before it, and both of each request together.
    store::Buckets duration{};
    store::Buckets wait{};
    store::Buckets latency{};

    // Nothing where nothing is known.
    [[nodiscard]] std::optional<double> per_second(store::Word count) const;
};

// Seconds below which the share `quantile` (0 to 1) of what was counted lies: the geometric middle
// of its bucket, which is within 10 % of it; half the first bound for what is below that, and the
// last bound for what is above. Nothing where nothing was counted.
[[nodiscard]] std::optional<double> quantile_of(const store::Buckets& buckets, double quantile);

class History {
  public:
    // The collector outlives the history.
    explicit History(Collector& collector) : collector_(collector) {}

    // Takes a sample if it is time.
    void maintain(system::SteadyTime now);

    // Adds a sample. One that is not later than the last is ignored, since only a broken clock
    // makes it. `is_healthy` is what can_predict() says.
    void add(const PoolSnapshot& pool, bool is_healthy, system::SteadyTime now);

    // The traffic of so much time before the last sample, or of less where there is less.
    [[nodiscard]] Traffic last(std::chrono::seconds length) const;

    // The traffic by HistorySteps of the clock, the oldest first, complete ones only. A step
    // without samples has no time.
    [[nodiscard]] std::vector<Traffic> steps() const;

    // Since when the samples have said the same of the pool's health; `now` if the last one does
    // not agree.
    [[nodiscard]] system::SteadyTime health_since(bool is_healthy, system::SteadyTime now) const;
    // The first sample of all.
    [[nodiscard]] std::optional<system::SteadyTime> begin() const { return begin_; }

  private:
    struct Sample {
        system::SteadyTime when;
        std::size_t slots = 0;  // that could be read
        Traffic sum;            // since counting began; `time` is unused
    };

    [[nodiscard]] std::size_t index_at(system::SteadyTime when) const;
    [[nodiscard]] Traffic between(std::size_t first, std::size_t last) const;

    Collector& collector_;
    std::deque<Sample> samples_;
    std::optional<system::SteadyTime> begin_;
    system::SteadyTime health_since_;
    bool is_healthy_ = false;
};

}  // namespace appcore::metrics
