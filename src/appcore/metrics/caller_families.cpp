#include "appcore/metrics/caller_families.hpp"

#include "appcore/metrics/family_builder.hpp"
#include "appcore/store/metric_names.hpp"

namespace appcore::metrics {

std::optional<prometheus::MetricFamily> caller_family(const store::Callers& callers) {
    auto family = make_family(store::metric::kKeyRequests);
    for (const store::CallerTotals& caller : callers) {
        for (std::size_t i = 0; i < caller.replies.size(); ++i) {
            if (caller.replies[i] == 0) continue;
            add_counter(
                family,
                {label(store::metric::kLabelKey, caller.name),
                 label(store::metric::kLabelStatusClass, store::metric::kStatusClassNames[i])},
                caller.replies[i]);
        }
    }
    if (family.metric.empty()) return std::nullopt;
    return family;
}

}  // namespace appcore::metrics
