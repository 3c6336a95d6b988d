// Publishes the pool's numbers in the textfile directory, again and again.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "appcore/metrics/collector.hpp"
#include "appcore/metrics/pool_families.hpp"
#include "appcore/metrics/textfile.hpp"
#include "appcore/result.hpp"
#include "appcore/system/clock.hpp"

namespace appcore::metrics {

// The file is a second old at most.
inline constexpr std::chrono::milliseconds kPublishInterval{500};

class Publisher {
  public:
    // `directory` exists or is created by somebody else later. The collector outlives the
    // publisher.
    Publisher(Collector& collector, std::string directory, PoolFacts facts);

    // Publishes if it is time. Returns why it failed, the first time and then once a minute.
    std::optional<Error> maintain(system::SteadyTime now);

  private:
    Collector& collector_;
    Textfile textfile_;
    PoolFacts facts_;
    std::optional<system::SteadyTime> published_;
    std::optional<system::SteadyTime> complained_;
};

}  // namespace appcore::metrics
