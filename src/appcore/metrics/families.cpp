#include "appcore/metrics/families.hpp"

#include <string>
#include <utility>

#include "appcore/metrics/family_builder.hpp"
#include "appcore/metrics/worker_activity.hpp"
#include "appcore/store/metric_names.hpp"

namespace appcore::metrics {
namespace {

std::string status_label(std::size_t index) {
    if (index >= http::status_codes.size()) return std::string(store::metric::other);
    return std::to_string(http::status_codes[index].code);
}

prometheus::MetricFamily request_counts(const store::Totals& totals) {
    auto family = make_family(store::metric::http_requests);
    for (std::size_t endpoint = 0; endpoint < http::endpoint_count; ++endpoint) {
        for (std::size_t method = 0; method < http::method_names.size(); ++method) {
            const store::RequestCell& cell = totals.cell(method, endpoint);
            for (std::size_t status = 0; status < cell.replies.size(); ++status) {
                if (cell.replies[status] == 0) continue;
                add_counter(family,
                            {label(store::metric::label_endpoint, http::endpoint_paths[endpoint]),
                             label(store::metric::label_method, http::method_names[method]),
                             label(store::metric::label_status_code, status_label(status))},
                            cell.replies[status]);
            }
        }
    }
    return family;
}

prometheus::MetricFamily request_durations(const store::Totals& totals) {
    auto family = make_family(store::metric::http_request_duration);
    for (std::size_t endpoint = 0; endpoint < http::endpoint_count; ++endpoint) {
        for (std::size_t method = 0; method < http::method_names.size(); ++method) {
            const store::RequestCell& cell = totals.cell(method, endpoint);
            add_histogram(family,
                          {label(store::metric::label_endpoint, http::endpoint_paths[endpoint]),
                           label(store::metric::label_method, http::method_names[method])},
                          store::metric::request_bounds_ns, cell.buckets, cell.sum_ns);
        }
    }
    return family;
}

prometheus::MetricFamily prediction_counts(const store::Totals& totals) {
    auto family = make_family(store::metric::predictions);
    for (const store::ModelTotals& model : totals.models) {
        for (std::size_t i = 0; i < store::metric::outcome_names.size(); ++i) {
            if (model.cell.outcomes[i] == 0) continue;
            add_counter(family,
                        {label(store::metric::label_model_version, model.version),
                         label(store::metric::label_status, store::metric::outcome_names[i])},
                        model.cell.outcomes[i]);
        }
    }
    return family;
}

prometheus::MetricFamily prediction_durations(const store::Totals& totals) {
    auto family = make_family(store::metric::prediction_duration);
    for (const store::ModelTotals& model : totals.models) {
        add_histogram(family, {label(store::metric::label_model_version, model.version)},
                      store::metric::prediction_bounds_ns, model.cell.buckets, model.cell.sum_ns);
    }
    return family;
}

}  // namespace

std::vector<prometheus::MetricFamily> service_families(const PoolSnapshot& pool,
                                                       std::string_view app_version) {
    auto health = make_family(store::metric::app_health_status);
    add_gauge(health, {}, can_predict(pool) ? 1 : 0);
    auto info = make_family(store::metric::app_info);
    add_gauge(info, {label(store::metric::label_version, app_version)}, 1);

    std::vector<prometheus::MetricFamily> families;
    families.push_back(request_counts(pool.totals));
    families.push_back(request_durations(pool.totals));
    families.push_back(prediction_counts(pool.totals));
    families.push_back(prediction_durations(pool.totals));
    families.push_back(std::move(health));
    families.push_back(std::move(info));
    return families;
}

}  // namespace appcore::metrics
