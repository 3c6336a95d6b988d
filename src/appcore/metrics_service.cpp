#include "appcore/metrics_service.hpp"

#include <utility>

namespace appcore {
namespace {

constexpr std::chrono::seconds kCollectInterval{1};  // nobody waits for the lines of the dead

}  // namespace

MetricsService::MetricsService(std::vector<api::Route> routes, const ServiceContext& context,
                               ServiceLimits limits, MetricsOutputs outputs)
    : Service(std::move(routes), context, limits),
      clock_(context.clock),
      recorder_(context.recorder),
      log_(context.log),
      outputs_(std::move(outputs)),
      left_lines_(recorder_.options().state_directory, log_) {}

void MetricsService::between_requests() {
    Service::between_requests();
    if (outputs_.history != nullptr) outputs_.history->maintain(clock_.steady());
    if (outputs_.publisher) {
        const std::string problem = outputs_.publisher->take_problem();
        if (!problem.empty()) log_.error("no textfile: " + problem);
    }
    if (outputs_.pusher) report_pushes();
    if (clock_.steady() - collected_ >= kCollectInterval) collect_left_lines();
}

// A worker that was killed a moment ago has nobody else who writes its lines.
void MetricsService::end(std::string_view why) {
    collected_ = {};
    Service::end(why);
}

// By the process that is the metrics program, and not by one that waits for its slot.
void MetricsService::collect_left_lines() {
    collected_ = clock_.steady();
    if (recorder_.is_attached()) left_lines_.collect();
}

// A gateway that is away for a week is worth two lines, not forty thousand.
void MetricsService::report_pushes() {
    using store::metric::Event;
    const metrics::PushReport report = outputs_.pusher->take_report();
    if (report.successes > 0) recorder_.count(Event::push_success, report.successes);
    if (report.failures > 0) recorder_.count(Event::push_failure, report.failures);
    if (report.problem == push_problem_) return;
    if (report.problem.empty()) {
        log_.info("the Pushgateway takes pushes again");
    } else {
        log_.error("no push to the Pushgateway: " + report.problem);
    }
    push_problem_ = report.problem;
}

}  // namespace appcore
