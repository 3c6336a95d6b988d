// Metric families as text, in the two formats that Prometheus reads, as the old service printed
// them.
#pragma once

#include <prometheus/metric_family.h>
#include <prometheus/serializer.h>

#include <iosfwd>
#include <string>
#include <vector>

#include "appcore/metrics/exemplars.hpp"

namespace appcore::metrics {

enum class ExpositionFormat : unsigned char {
    text,          // text 0.0.4
    open_metrics,  // OpenMetrics 1.0.0
};

// prometheus-cpp's own serializer prints le="1" where callers know le="1.0", and knows no
// OpenMetrics. Counter families are named with their _total; a gauge whose name ends in _info is an
// info family of OpenMetrics. Labels are printed in the order they have, `le` before the first
// whose name is greater. Summaries and time stamps, which this service does not use, are left out.
class Serializer final : public prometheus::Serializer {
  public:
    // `exemplars`, which text 0.0.4 has no place for, outlive the serializer.
    explicit Serializer(ExpositionFormat format, const Exemplars* exemplars = nullptr)
        : format_(format), exemplars_(exemplars) {}

    using prometheus::Serializer::Serialize;
    [[nodiscard]] std::string Serialize(
        const std::vector<prometheus::MetricFamily>& families) const override;
    void Serialize(std::ostream& out,
                   const std::vector<prometheus::MetricFamily>& families) const override;

  private:
    ExpositionFormat format_;
    const Exemplars* exemplars_;
};

}  // namespace appcore::metrics
