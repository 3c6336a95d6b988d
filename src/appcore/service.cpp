#include "appcore/service.hpp"

#include <string>
#include <utility>

namespace appcore {

Service::Service(std::vector<api::Route> routes, const system::Clock& clock, system::IdSource& ids,
                 monitoring::Recorder& recorder, monitoring::Log& log)
    : clock_(clock),
      recorder_(recorder),
      log_(log),
      app_(std::move(routes), clock, ids, static_cast<api::Observer&>(*this)) {}

void Service::handle(const http::Request& request, http::Response& response) {
    app_.handle(request, response);
}

void Service::reply_sent() {
    recorder_.end_request(clock_.steady());
}

void Service::between_requests() {
    if (const std::uint64_t dropped = log_.dropped(); dropped != counted_drops_) {
        recorder_.count(monitoring::metrics::Event::log_line_dropped, dropped - counted_drops_);
        counted_drops_ = dropped;
    }
    if (const auto problem = recorder_.maintain(clock_.steady())) {
        log_.error("metrics are kept in memory for now: " + problem->message);
    }
}

void Service::reopen_logs() {
    log_.reopen();
}

void Service::request_begins(system::SteadyTime now) {
    recorder_.begin_request(now);
}

// Counted before the reply leaves, so that whoever has it finds it in the next scrape.
void Service::request_ends(const api::Exchange& exchange) {
    monitoring::RequestRecord record{};
    record.method = exchange.request.method;
    record.endpoint = exchange.endpoint;
    record.status = exchange.status;
    record.duration = exchange.duration;
    if (exchange.outcome.prediction) {
        record.prediction = {monitoring::metrics::Outcome::success, *exchange.outcome.prediction};
    }
    record.key =
        monitoring::parse_request_key(exchange.request.key).value_or(monitoring::RequestKey{});
    // A client gets one reply, however many workers have tried: one count.
    const bool is_counted = exchange.request.is_retry && recorder_.was_counted(record.key);
    if (!is_counted) recorder_.record_request(record);
    log_.request({exchange.request_id, exchange.request.method_name, exchange.path, exchange.status,
                  exchange.duration, exchange.request.client});
}

void Service::failure(std::string_view what) {
    log_.error("a request failed: " + std::string(what));
}

}  // namespace appcore
