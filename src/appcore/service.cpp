#include "appcore/service.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "appcore/http/traceparent.hpp"

namespace appcore {

Service::Service(std::vector<api::Route> routes, const ServiceContext& context,
                 ServiceLimits limits)
    : clock_(context.clock),
      recorder_(context.recorder),
      log_(context.log),
      request_in_hand_(context.request_in_hand),
      limits_(limits),
      app_(std::move(routes), context.ids, static_cast<api::Observer&>(*this)) {}

void Service::request_arrives(int connection) {
    begun_ = stamps_.look(clock_);
    connection_ = connection;
    request_in_hand_.begin(connection, begun_);
    recorder_.begin_request(begun_);
    last_reply(connection).reset();
}

void Service::handle(const http::Request& request, http::Response& response) {
    record_.reset();
    log_.take_back();
    request_in_hand_.handle(request);
    app_.handle(request, response);
    has_handled_ = true;
}

// Counted before the reply leaves, so that whoever has it finds it in the next scrape.
void Service::commit() {
    request_in_hand_.commit();
    if (record_) recorder_.record_request(*record_);
    request_in_hand_.reply();
}

// A connection closed without a request is not activity.
void Service::request_done(fcgi::Delivery delivery) {
    using fcgi::Delivery;
    if (record_ && (delivery == Delivery::whole || delivery == Delivery::partial)) {
        recorder_.request_delivered();
        log_.publish();
        last_reply(connection_) = record_;
    } else {
        if (record_ && delivery == Delivery::refused) recorder_.retract_request(*record_);
        log_.take_back();
    }
    record_.reset();
    request_in_hand_.end();
    if (has_handled_) {
        ++handled_;
        recorder_.end_request(clock_.steady());
    } else {
        recorder_.forget_request();
    }
    has_handled_ = false;
}

void Service::reply_lost(int connection) {
    Record& record = last_reply(connection);
    if (record) recorder_.retract_request(*record);
    record.reset();
}

Service::Record& Service::last_reply(int connection) {
    const auto at = static_cast<std::size_t>(connection);
    if (at >= last_replies_.size()) last_replies_.resize(at + 1);
    return last_replies_[at];
}

bool Service::should_recycle() const {
    return limits_.max_requests > 0 && handled_ >= limits_.max_requests;
}

Status Service::begin() {
    between_requests();
    if (lacks_memory_) return Error{"no memory for counts and lines that outlive the process"};
    return Done{};
}

void Service::end(std::string_view why) {
    if (const Status attached = recorder_.attach(); !attached) {
        log_.error(attached.error().message);
    }
    between_requests();
    log_.info(why);
    count_dropped_lines();
    log_.finish();
    recorder_.mark_departed();
}

void Service::count_dropped_lines() {
    const std::uint64_t dropped = log_.dropped();
    if (dropped == counted_drops_) return;
    recorder_.count(store::metric::Event::log_line_dropped, dropped - counted_drops_);
    counted_drops_ = dropped;
}

void Service::between_requests() {
    count_dropped_lines();
    const system::SteadyTime now = clock_.steady();
    if (const auto problem = recorder_.maintain(now)) {
        lacks_memory_ = lacks_memory_ || problem->code == ENOMEM;
        log_.error("metrics are kept in memory for now: " + problem->message);
    }
    // The ring is beside the slot, under the same lock: without the slot it is another process's.
    // One that could not be had is tried again as often as the slot itself.
    const bool is_time = lacked_ring_ && now - *lacked_ring_ >= store::kMaintenanceInterval;
    const bool is_due = recorder_.attachments() != attachments_ || is_time;
    if (is_due && recorder_.is_attached()) take_log_ring(now);
    log_.report_problem();
}

void Service::take_log_ring(system::SteadyTime now) {
    attachments_ = recorder_.attachments();
    lacked_ring_.reset();
    const store::RecorderOptions& slot = recorder_.options();
    const auto taken =
        log::take_ring(slot.state_directory, slot.name, recorder_.log_mark(), recorder_.lock());
    if (taken) {
        const auto& [ring, problem] = taken.value();
        if (ring->identity() != log_.ring_identity()) log_.use(ring);
        recorder_.use_log_ring(log_.ring_identity());
        if (!problem.empty()) log_.error(problem);
    } else {
        lacked_ring_ = now;
        // The slot goes on saying what its last holder has left in the ring.
        lacks_memory_ = lacks_memory_ || taken.error().code == ENOMEM;
        log_.error("log lines are kept in memory for now: " + taken.error().message);
    }
}

void Service::reopen_logs() {
    log_.reopen();
}

// What nginx answers itself has waited all the time until then. Not so a 504: a worker has had it
// for as long as one may, and only what is beyond that was waiting.
log::RequestTimes Service::times_until_now(const http::Request& request) const {
    constexpr std::chrono::hours kLongest{1};
    constexpr int kTries = 4;  // nginx asks no more workers and peers than that
    const std::chrono::nanoseconds timeout = limits_.request_timeout;
    const auto limit = timeout.count() > 0 ? kTries * timeout : std::chrono::nanoseconds(kLongest);
    log::RequestTimes times{clock_.steady() - begun_, std::nullopt};
    if (const auto stamp = store::time_of_request(request.key)) {
        times.wait = stamps_.age(*stamp, limit);
    }
    if (request.error_status == 504 && times.wait) {
        const std::chrono::nanoseconds whole = *times.wait + times.duration;
        times.duration = timeout.count() > 0 ? std::min(whole, timeout) : whole;
        times.wait = whole - times.duration;
    }
    return times;
}

void Service::request_ends(const api::Exchange& exchange) {
    store::RequestRecord record{};
    record.method = exchange.request.method;
    record.endpoint = exchange.endpoint;
    record.status = exchange.status;
    if (exchange.outcome.prediction) {
        record.prediction = {exchange.outcome.prediction_failed ? store::metric::Outcome::error
                                                                : store::metric::Outcome::success,
                             *exchange.outcome.prediction};
    }
    record.key = store::request_key(exchange.request.key);
    const std::string_view series = exchange.request.api_key_series;
    record.caller = store::pack_name(series.empty() ? exchange.request.api_key : series);
    // A client gets one reply, however many workers have tried: one count and one line.
    if (exchange.request.is_retry && recorder_.was_counted(record.key)) return;
    log::TraceFields fields;
    if (const auto sent = exchange.request.header(http::Header::traceparent)) {
        if (const auto trace = http::parse_traceparent(*sent)) {
            fields = {trace->trace_id, trace->parent_id, trace->flags};
            if (trace->is_sampled()) {
                record.trace = store::trace_id_of(trace->trace_id);
                record.time = clock_.wall();
            }
        }
    }
    // Counted together with its lines.
    log_.begin_request({exchange.request_id, exchange.request.method_name, exchange.path,
                        exchange.status, exchange.request.client, exchange.request.api_key,
                        fields});
    const log::RequestTimes times = times_until_now(exchange.request);
    record.duration = times.duration;
    record.wait = times.wait;
    log_.end_request(times);
    if (limits_.slow_request.count() > 0 && times.duration >= limits_.slow_request) {
        log_.slow_request(times);
    }
    // A ring that the slot does not name ends with this process.
    if (recorder_.log_mark().identity == log_.ring_identity()) {
        record.log_position = log_.position();
    }
    record_ = record;
}

void Service::failure(std::string_view what) {
    log_.error("a request failed: " + std::string(what));
}

}  // namespace appcore
