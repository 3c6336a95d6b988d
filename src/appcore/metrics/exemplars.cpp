#include "appcore/metrics/exemplars.hpp"

#include <algorithm>

#include "appcore/store/metric_names.hpp"

namespace appcore::metrics {
namespace {

// No name and no label value has this byte: endpoints and methods are fixed, and a model's version
// is printable (pack_name in store/entry_name.hpp).
constexpr char kSeparator = '\n';

}  // namespace

Exemplars::Exemplars(const std::vector<store::Exemplar>& requests) {
    namespace metric = store::metric;
    for (const store::Exemplar& request : requests) {
        const std::string_view endpoint = http::path_of(request.endpoint);
        const std::string_view method = http::to_string(request.method);
        // The labels in the order of duration_families().
        add(metric::kRequestDuration.name, {endpoint, method}, request.duration, request);
        if (request.wait) add(metric::kRequestWait.name, {endpoint}, *request.wait, request);
        add(metric::kRequestLatency.name, {endpoint}, request.latency(), request);
        if (request.prediction) {
            add(metric::kModelDuration.name, {request.model_version}, *request.prediction, request);
        }
    }
}

void Exemplars::add(std::string_view family, std::initializer_list<std::string_view> label_values,
                    std::chrono::nanoseconds observed, const store::Exemplar& request) {
    std::string key(family);
    for (const std::string_view value : label_values) (key += kSeparator) += value;
    const auto nanoseconds = static_cast<store::Word>(observed.count());
    const auto bucket = std::ranges::lower_bound(store::kFineBounds, nanoseconds);
    std::optional<BucketExemplar>& place =
        series_[std::move(key)].at(static_cast<std::size_t>(bucket - store::kFineBounds.begin()));
    if (place && place->time > request.time) return;
    place = BucketExemplar{request.trace, nanoseconds, request.time};
}

const SeriesExemplars* Exemplars::find(
    std::string_view family, const std::vector<prometheus::ClientMetric::Label>& labels) const {
    if (series_.empty()) return nullptr;
    std::string key(family);
    for (const prometheus::ClientMetric::Label& label : labels) {
        (key += kSeparator) += label.value;
    }
    const auto found = series_.find(key);
    return found == series_.end() ? nullptr : &found->second;
}

}  // namespace appcore::metrics
