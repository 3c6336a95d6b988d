#include "appcore/api/metrics.hpp"

#include <utility>

#include "appcore/api/version.hpp"
#include "appcore/monitoring/exposition.hpp"
#include "appcore/monitoring/families.hpp"

namespace appcore::api {

Action metrics_action(monitoring::Collector& collector) {
    return [&collector](const http::Request& request, http::Response& response, Outcome&) {
        auto [content_type, content_encoding, body] = monitoring::render_exposition(
            monitoring::to_families(collector.collect(), kVersion),
            request.header(http::Header::accept).value_or(""),
            request.header(http::Header::accept_encoding).value_or(""));
        response.set_status(200);
        response.add_header("Content-Type", content_type);
        if (!content_encoding.empty()) response.add_header("Content-Encoding", content_encoding);
        response.body = std::move(body);
    };
}

}  // namespace appcore::api
