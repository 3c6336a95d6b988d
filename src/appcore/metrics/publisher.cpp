#include "appcore/metrics/publisher.hpp"

#include <utility>
#include <vector>

#include "appcore/metrics/serializer.hpp"

namespace appcore::metrics {
namespace {

constexpr std::chrono::minutes kComplaintInterval{1};  // a full disk must not fill the log as well

}  // namespace

Publisher::Publisher(Collector& collector, std::string directory, PoolFacts facts)
    : collector_(collector), textfile_(std::move(directory)), facts_(std::move(facts)) {}

std::optional<Error> Publisher::maintain(system::SteadyTime now) {
    if (published_ && now - *published_ < kPublishInterval) return std::nullopt;
    published_ = now;
    auto families = all_families(collector_.collect(), facts_, now);
    // node-exporter has families of these names itself, without labels: its own process.
    std::erase_if(families, [](const prometheus::MetricFamily& family) {
        return family.name.starts_with("process_");
    });
    const Serializer serializer(ExpositionFormat::text);
    const Status status = textfile_.publish(serializer.Serialize(families));
    if (status) {
        complained_.reset();
        return std::nullopt;
    }
    if (complained_ && now - *complained_ < kComplaintInterval) return std::nullopt;
    complained_ = now;
    return status.error();
}

}  // namespace appcore::metrics
