// appcore-metrics: the pool's numbers over FastCGI and as a textfile, and the replies to requests
// that nginx refuses itself. It runs until SIGTERM; workers count on without it, and nothing is
// lost.

#include <unistd.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "appcore/api/ready.hpp"
#include "appcore/api/version.hpp"
#include "appcore/build.hpp"
#include "appcore/fcgi/server.hpp"
#include "appcore/guard/crash_report.hpp"
#include "appcore/guard/watchdog.hpp"
#include "appcore/metrics/certificate.hpp"
#include "appcore/metrics/metrics_action.hpp"
#include "appcore/metrics/publisher.hpp"
#include "appcore/metrics/worker_activity.hpp"
#include "appcore/metrics_service.hpp"
#include "appcore/models/file_model.hpp"
#include "appcore/program.hpp"
#include "appcore/status/status.hpp"

namespace {

using namespace appcore;

constexpr std::string_view kUsage =
    "Usage: appcore-metrics [--slot N]\n"
    "\n"
    "Serves /metrics of the pool to a web server by FastCGI, on the listening socket that it gets "
    "as\n"
    "standard input (supervisord's fcgi-program), and answers what that refuses itself. SIGTERM:\n"
    "answer what has arrived and exit with 0. SIGHUP, SIGUSR1: reopen the log file.\n"
    "\n"
    "  --slot 0        serves nothing: it only holds the socket open, so that scrapes wait, "
    "instead\n"
    "                  of failing, while the serving process restarts\n"
    "  --print-config  print the effective configuration for a shell, and exit\n"
    "  --version       print the version, and exit\n"
    "  --help          print this, and exit\n";

// The workers have checked the file before they serve it; without it only these facts are missing.
std::optional<models::FileFacts> read_model_facts(const Config& config, log::Log& log) {
    if (config.model.empty()) return std::nullopt;
    auto facts = models::read_file_facts(config.model);
    if (facts) return std::move(facts).value();
    log.warning("the model's facts cannot be shown: " + facts.error().message);
    return std::nullopt;
}

metrics::PoolFacts pool_facts(const Config& config, const std::optional<models::FileFacts>& model) {
    metrics::PoolFacts facts{std::string(api::kVersion), std::string(build_commit()),
                             config.workers};
    if (const auto pool = process_environment("APPCORE_POOL_FOLDER")) {
        facts.certificate_file = *pool + "/" + metrics::kCertificateEndFile;
    }
    if (model) facts.model = {model->version, model->format, model->sha256};
    return facts;
}

MetricsOutputs open_outputs(const Config& config, const metrics::PoolFacts& facts) {
    MetricsOutputs outputs;
    if (!config.textfile_dir.empty()) {
        outputs.publisher = std::make_unique<metrics::PublishingThread>(config.state_dir,
                                                                        config.textfile_dir, facts);
    }
    if (config.pushgateway) {
        outputs.pusher =
            std::make_unique<metrics::Pusher>(*config.pushgateway, config.state_dir, facts);
    }
    return outputs;
}

Status serve(const Config& config, const CommandLine& line) {
    const fcgi::Signals signals;
    if (line.slot == 0U) {
        signals.wait_for_stop();
        return Done{};
    }
    const auto log =
        log::Log::open(config.log_file, config.log_level, std::string(metrics::kMetricsSlot));
    if (!log) return log.error();
    log::Log& lines = *log.value();

    const system::SystemClock clock;
    system::RandomIds ids;
    store::Recorder recorder({config.state_dir, std::string(metrics::kMetricsSlot), "", getpid(),
                              clock.wall(), 0, store::kFirstWait});
    metrics::Collector collector(config.state_dir);
    const std::optional<models::FileFacts> model = read_model_facts(config, lines);
    const metrics::PoolFacts facts = pool_facts(config, model);
    MetricsOutputs outputs = open_outputs(config, facts);
    metrics::History history(collector);
    outputs.history = &history;
    std::vector<api::Route> routes = {
        {http::Endpoint::metrics, metrics::metrics_action(collector, facts, clock)},
        {http::Endpoint::ready,
         api::ready_action([&collector] { return metrics::can_predict(collector.collect()); })},
        {http::Endpoint::status,
         status::status_action(collector, history, clock,
                               {config.app_name, facts.version, config.workers,
                                config.request_timeout, model, clock.wall()})}};
    guard::RequestInHand request;
    MetricsService service(std::move(routes), {clock, ids, recorder, lines, request},
                           {.request_timeout = config.request_timeout}, std::move(outputs));
    if (Status begun = service.begin(); !begun) return begun;
    guard::LastWords last_words{std::string(metrics::kMetricsSlot)};
    guard::report_crashes(request, last_words, {});
    const guard::Watchdog watchdog(
        request, last_words, {config.request_timeout, [&recorder] { recorder.count_timeout(); }});

    if (Status ready = fcgi::Connection::initialize(); !ready) return ready;
    auto server = fcgi::Server::create(STDIN_FILENO, service, signals,
                                       {config.max_body, metrics::kPublishInterval});
    if (!server) {
        lines.error(server.error().message);
        return server.error();
    }
    lines.info("appcore-metrics " + std::string(api::kVersion) + " starts, pid " +
               std::to_string(getpid()));
    Status served = server.value()->run();
    service.end("stopped");
    return served;
}

}  // namespace

int main(int argc, char* argv[]) {
    const std::span<const char* const> arguments(argv, static_cast<std::size_t>(argc));
    return appcore::run({"appcore-metrics", kUsage, serve}, arguments.subspan(1));
}
