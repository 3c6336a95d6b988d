// An application to send requests to, and what holds for each of its replies.
#pragma once

#include <optional>
#include <string_view>

#include "appcore/api/app.hpp"
#include "appcore/api/request_id.hpp"
#include "appcore/api/routes.hpp"
#include "appcore/http/status.hpp"
#include "appcore/http/target.hpp"
#include "appcore/models/mean_model.hpp"
#include "fakes.hpp"
#include "fuzz.hpp"

namespace fuzz {

// The value of the header `name` in a block of "Name: value\r\n", whose form is checked: no control
// character stands in a value, no header appears twice.
inline std::optional<std::string_view> find_header(std::string_view block, std::string_view name) {
    std::optional<std::string_view> found;
    while (!block.empty()) {
        const std::size_t end = block.find("\r\n");
        ensure(end != std::string_view::npos, "every header ends with CR LF");
        const std::string_view line = block.substr(0, end);
        block.remove_prefix(end + 2);
        for (const char c : line) {
            const auto byte = static_cast<unsigned char>(c);
            ensure((byte >= ' ' && byte != 0x7f) || byte == '\t', "no control in a header");
        }
        const std::size_t colon = line.find(": ");
        ensure(colon != std::string_view::npos && colon > 0, "every header has a name");
        if (line.substr(0, colon) != name) continue;
        ensure(!found, "a header comes once");
        found = line.substr(colon + 2);
    }
    return found;
}

class Application {
  public:
    // Has the request answered and checks the reply, which is valid until the next call.
    const appcore::http::Response& answer(const appcore::http::Request& request) {
        using namespace appcore;
        response_.clear();
        observer_.reset();
        app_.handle(request, response_);
        const auto endpoint = http::route(http::split_target(request.target).path);
        const bool is_silent = observer_.seen == 0;  // polled by machines
        ensure(observer_.seen <= 1 && observer_.failures == 0, "observed");
        ensure(http::status_index(response_.status()) < http::kStatusCodes.size(), "known status");

        const auto id = find_header(response_.headers(), "X-Request-ID");
        const bool is_scrape = is_silent && endpoint != http::Endpoint::ready;
        ensure(id.has_value() != is_scrape, "an id unless it is a scrape");
        ensure(!id || api::is_sane_request_id(*id), "the id is printable");
        ensure(is_silent || response_.status() == observer_.status,
               "the status is the counted one");

        const auto origin = request.header(http::Header::origin);
        const auto allowed = find_header(response_.headers(), "Access-Control-Allow-Origin");
        const bool is_private = endpoint == http::Endpoint::status;
        if (!origin) ensure(!allowed, "no CORS without an origin");
        if (origin && !is_private) ensure(allowed.has_value(), "every origin is allowed");

        const auto type = find_header(response_.headers(), "Content-Type");
        if (type == http::kJson && response_.body.size() < kChecked) {
            ensure(is_json(response_.body), "the body is JSON in UTF-8");
        }
        return response_;
    }

  private:
    // The longest that is checked; the constant /openapi.json is longer.
    static constexpr std::size_t kChecked = 16 * 1024;

    struct Observer final : appcore::api::Observer {
        void request_ends(const appcore::api::Exchange& exchange) override {
            ++seen;
            status = exchange.status;
            ensure(appcore::api::is_sane_request_id(exchange.request_id), "the id is printable");
        }
        void failure(std::string_view) override { ++failures; }
        void reset() { seen = failures = status = 0; }
        int seen = 0;
        int failures = 0;
        int status = 0;
    };

    fakes::Clock clock_;
    fakes::Ids ids_;
    appcore::models::MeanModel model_;
    Observer observer_;
    appcore::api::App app_{appcore::api::worker_routes(model_, clock_, ids_), ids_, observer_};
    appcore::http::Response response_;
};

}  // namespace fuzz
