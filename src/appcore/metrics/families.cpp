#include "appcore/metrics/families.hpp"

#include <string>
#include <utility>

#include "appcore/metrics/duration_families.hpp"
#include "appcore/metrics/family_builder.hpp"
#include "appcore/metrics/worker_activity.hpp"
#include "appcore/store/metric_names.hpp"

namespace appcore::metrics {
namespace {

std::string status_label(std::size_t index) {
    if (index >= http::kStatusCodes.size()) return std::string(store::metric::kOther);
    return std::to_string(http::kStatusCodes[index].code);
}

prometheus::MetricFamily request_counts(const store::Totals& totals) {
    auto family = make_family(store::metric::kHttpRequests);
    for (std::size_t endpoint = 0; endpoint < http::kEndpointCount; ++endpoint) {
        for (std::size_t method = 0; method < http::kMethodNames.size(); ++method) {
            const store::RequestCell& cell = totals.cell(method, endpoint);
            for (std::size_t status = 0; status < cell.replies.size(); ++status) {
                if (cell.replies[status] == 0) continue;
                add_counter(family,
                            {label(store::metric::kLabelEndpoint, http::kEndpointPaths[endpoint]),
                             label(store::metric::kLabelMethod, http::kMethodNames[method]),
                             label(store::metric::kLabelStatusCode, status_label(status))},
                            cell.replies[status]);
            }
        }
    }
    return family;
}

prometheus::MetricFamily prediction_counts(const store::Totals& totals) {
    auto family = make_family(store::metric::kPredictions);
    for (const store::ModelTotals& model : totals.models) {
        for (std::size_t i = 0; i < store::metric::kOutcomeNames.size(); ++i) {
            if (model.cell.outcomes[i] == 0) continue;
            add_counter(family,
                        {label(store::metric::kLabelModelVersion, model.version),
                         label(store::metric::kLabelStatus, store::metric::kOutcomeNames[i])},
                        model.cell.outcomes[i]);
        }
    }
    return family;
}

}  // namespace

std::vector<prometheus::MetricFamily> service_families(const PoolSnapshot& pool,
                                                       std::string_view app_version) {
    auto health = make_family(store::metric::kAppHealthStatus);
    add_gauge(health, {}, can_predict(pool) ? 1 : 0);
    auto info = make_family(store::metric::kAppInfo);
    add_gauge(info, {label(store::metric::kLabelVersion, app_version)}, 1);

    std::vector<prometheus::MetricFamily> families;
    families.push_back(request_counts(pool.totals));
    families.push_back(request_durations(store::metric::kHttpRequestDuration,
                                         store::metric::kRequestBoundsNs, pool.totals));
    families.push_back(prediction_counts(pool.totals));
    families.push_back(prediction_durations(store::metric::kPredictionDuration,
                                            store::metric::kPredictionBoundsNs, pool.totals));
    families.push_back(std::move(health));
    families.push_back(std::move(info));
    return families;
}

}  // namespace appcore::metrics
