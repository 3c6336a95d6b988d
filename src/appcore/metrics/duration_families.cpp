#include "appcore/metrics/duration_families.hpp"

#include <utility>

#include "appcore/http/endpoint.hpp"
#include "appcore/http/method.hpp"
#include "appcore/metrics/family_builder.hpp"
#include "appcore/store/duration_buckets.hpp"

namespace appcore::metrics {
namespace {

// Waiting depends on neither method nor reply, so its series are by endpoint only.
prometheus::MetricFamily by_endpoint(const store::metric::Definition& definition,
                                     const store::Totals& totals,
                                     store::Durations store::WaitCell::*durations) {
    auto family = make_family(definition);
    for (std::size_t endpoint = 0; endpoint < http::kEndpointCount; ++endpoint) {
        const store::Durations& counted = totals.waits[endpoint].*durations;
        add_histogram(family,
                      {label(store::metric::kLabelEndpoint, http::kEndpointPaths[endpoint])},
                      store::kFineBounds, counted.buckets, counted.sum_ns);
    }
    return family;
}

}  // namespace

prometheus::MetricFamily request_durations(const store::metric::Definition& definition,
                                           std::span<const store::Word> bounds_ns,
                                           const store::Totals& totals) {
    auto family = make_family(definition);
    for (std::size_t endpoint = 0; endpoint < http::kEndpointCount; ++endpoint) {
        for (std::size_t method = 0; method < http::kMethodNames.size(); ++method) {
            const store::RequestCell& cell = totals.cell(method, endpoint);
            add_histogram(family,
                          {label(store::metric::kLabelEndpoint, http::kEndpointPaths[endpoint]),
                           label(store::metric::kLabelMethod, http::kMethodNames[method])},
                          bounds_ns, cell.buckets, cell.sum_ns);
        }
    }
    return family;
}

prometheus::MetricFamily prediction_durations(const store::metric::Definition& definition,
                                              std::span<const store::Word> bounds_ns,
                                              const store::Totals& totals) {
    auto family = make_family(definition);
    for (const store::ModelTotals& model : totals.models) {
        add_histogram(family, {label(store::metric::kLabelModelVersion, model.version)}, bounds_ns,
                      model.cell.buckets, model.cell.sum_ns);
    }
    return family;
}

std::vector<prometheus::MetricFamily> duration_families(const store::Totals& totals) {
    std::vector<prometheus::MetricFamily> families;
    families.push_back(
        request_durations(store::metric::kRequestDuration, store::kFineBounds, totals));
    families.push_back(by_endpoint(store::metric::kRequestWait, totals, &store::WaitCell::wait));
    families.push_back(
        by_endpoint(store::metric::kRequestLatency, totals, &store::WaitCell::latency));
    families.push_back(
        prediction_durations(store::metric::kModelDuration, store::kFineBounds, totals));
    return families;
}

}  // namespace appcore::metrics
