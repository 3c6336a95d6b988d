#include "appcore/metrics/metrics_action.hpp"

#include <utility>

#include "appcore/http/target.hpp"
#include "appcore/metrics/exposition.hpp"
#include "appcore/metrics/families.hpp"

namespace appcore::metrics {

api::Action metrics_action(metrics::Collector& collector, metrics::PoolFacts facts,
                           const system::Clock& clock) {
    return [&collector, facts = std::move(facts), &clock](const http::Request& request,
                                                          http::Response& response, api::Outcome&) {
        const std::string_view path = http::split_target(request.target).path;
        const bool old_spelling = http::route_without_slashes(path) == http::Endpoint::metrics;
        const metrics::PoolSnapshot pool = collector.collect();
        auto [content_type, content_encoding, body] = metrics::render_exposition(
            old_spelling ? metrics::service_families(pool, facts.version)
                         : metrics::all_families(pool, facts, clock.steady()),
            request.header(http::Header::accept).value_or(""),
            request.header(http::Header::accept_encoding).value_or(""),
            metrics::Exemplars(pool.exemplars));
        response.set_status(200);
        response.add_header("Content-Type", content_type);
        if (!content_encoding.empty()) response.add_header("Content-Encoding", content_encoding);
        // Its old spelling never said so, and its replies are compared with the recorded ones.
        if (!old_spelling) response.add_header("Vary", "Accept, Accept-Encoding");
        response.body = std::move(body);
    };
}

}  // namespace appcore::metrics
