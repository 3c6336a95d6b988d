#include "appcore/service.hpp"

#include <string>
#include <utility>

namespace appcore {

Service::Service(std::vector<api::Route> routes, const Surroundings& surroundings,
                 ServiceLimits limits)
    : clock_(surroundings.clock),
      recorder_(surroundings.recorder),
      log_(surroundings.log),
      request_in_hand_(surroundings.request_in_hand),
      limits_(limits),
      app_(std::move(routes), surroundings.clock, surroundings.ids,
           static_cast<api::Observer&>(*this)) {}

void Service::request_arrives(int connection) {
    const system::SteadyTime now = clock_.steady();
    request_in_hand_.begin(connection, now);
    recorder_.begin_request(now);
}

void Service::handle(const http::Request& request, http::Response& response) {
    request_in_hand_.handle(request);
    app_.handle(request, response);
    request_in_hand_.reply();
    ++handled_;
    has_handled_ = true;
}

// A connection that only ends is no activity.
void Service::request_done() {
    request_in_hand_.end();
    if (has_handled_) {
        recorder_.end_request(clock_.steady());
    } else {
        recorder_.forget_request();
    }
    has_handled_ = false;
}

bool Service::is_spent() const {
    return limits_.max_requests > 0 && handled_ >= limits_.max_requests;
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

// Counted before the reply leaves, so that whoever has it finds it in the next scrape.
void Service::request_ends(const api::Exchange& exchange) {
    monitoring::RequestRecord record{};
    record.method = exchange.request.method;
    record.endpoint = exchange.endpoint;
    record.status = exchange.status;
    record.duration = exchange.duration;
    if (exchange.outcome.prediction) {
        record.prediction = {exchange.outcome.prediction_failed
                                 ? monitoring::metrics::Outcome::error
                                 : monitoring::metrics::Outcome::success,
                             *exchange.outcome.prediction};
    }
    record.key = monitoring::request_key(exchange.request.key);
    // A client gets one reply, however many workers have tried: one count.
    const bool is_counted = exchange.request.is_retry && recorder_.was_counted(record.key);
    if (!is_counted) recorder_.record_request(record);
    const monitoring::RequestLine line{exchange.request_id, exchange.request.method_name,
                                       exchange.path,       exchange.status,
                                       exchange.duration,   exchange.request.client};
    log_.request(line);
    if (limits_.slow_request.count() > 0 && exchange.duration >= limits_.slow_request) {
        log_.slow_request(line);
    }
}

void Service::failure(std::string_view what) {
    log_.error("a request failed: " + std::string(what));
}

}  // namespace appcore
