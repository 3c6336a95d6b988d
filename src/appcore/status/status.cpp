#include "appcore/status/status.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "appcore/http/accept.hpp"
#include "appcore/status/status_page.hpp"

namespace appcore::status {

api::Action status_action(metrics::Collector& collector, const metrics::History& history,
                          const system::Clock& clock, ServiceFacts facts) {
    return [&collector, &history, &clock, facts = std::move(facts), page = StatusPage()](
               const http::Request& request, http::Response& response, api::Outcome&) {
        using nlohmann::ordered_json;
        const metrics::PoolSnapshot pool = collector.collect();
        const ordered_json report = status_report({pool, history, facts}, clock);
        if (http::prefers_html(request.header(http::Header::accept).value_or(""))) {
            response.set(200, http::kHtml, page.render(report));
            response.add_header("Content-Security-Policy", page.policy());
            response.add_header("Referrer-Policy", "no-referrer");
        } else {
            constexpr int kCompact = -1;
            const auto replace = ordered_json::error_handler_t::replace;
            response.set(200, http::kJson, report.dump(kCompact, ' ', false, replace));
        }
        response.add_header("Cache-Control", "no-store");
        response.add_header("Vary", "Accept");
        response.add_header("X-Content-Type-Options", "nosniff");
    };
}

}  // namespace appcore::status
