// The exemplars of the fine histograms, by series and bucket.
#pragma once

#include <prometheus/client_metric.h>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appcore/store/duration_buckets.hpp"
#include "appcore/store/exemplar.hpp"

namespace appcore::metrics {

struct BucketExemplar {
    store::TraceId trace;
    store::Word nanoseconds = 0;  // what was observed
    system::WallTime time;
};

// By kFineBounds, +Inf last.
using SeriesExemplars = std::array<std::optional<BucketExemplar>, store::kFineBounds.size() + 1>;

class Exemplars {
  public:
    Exemplars() = default;
    // Of several requests in one bucket of one series the last stands for it.
    explicit Exemplars(const std::vector<store::Exemplar>& requests);

    // Those of a series, null if it has none.
    [[nodiscard]] const SeriesExemplars* find(
        std::string_view family, const std::vector<prometheus::ClientMetric::Label>& labels) const;

  private:
    void add(std::string_view family, std::initializer_list<std::string_view> label_values,
             std::chrono::nanoseconds observed, const store::Exemplar& request);

    std::map<std::string, SeriesExemplars, std::less<>> series_;
};

}  // namespace appcore::metrics
