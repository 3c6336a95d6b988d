#include "appcore/monitoring/publisher.hpp"

#include <utility>

#include "appcore/monitoring/families.hpp"
#include "appcore/monitoring/serializer.hpp"

namespace appcore::monitoring {
namespace {

constexpr std::chrono::minutes kComplaintInterval{1};  // a full disk must not fill the log as well

}  // namespace

Publisher::Publisher(Collector& collector, std::string directory, std::string_view app_version)
    : collector_(collector), textfile_(std::move(directory)), app_version_(app_version) {}

std::optional<Error> Publisher::maintain(system::SteadyTime now) {
    if (published_ && now - *published_ < publish_interval) return std::nullopt;
    published_ = now;
    const Serializer serializer(ExpositionFormat::text);
    const Status status =
        textfile_.publish(serializer.Serialize(to_families(collector_.collect(), app_version_)));
    if (status) {
        complained_.reset();
        return std::nullopt;
    }
    if (complained_ && now - *complained_ < kComplaintInterval) return std::nullopt;
    complained_ = now;
    return status.error();
}

}  // namespace appcore::monitoring
