// appcore-metrics: the pool's numbers over FastCGI and as a textfile, and the replies to requests that
// nginx refuses itself. It runs until SIGTERM; workers count on without it, and nothing is lost.

#include <unistd.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "appcore/api/metrics.hpp"
#include "appcore/api/version.hpp"
#include "appcore/fcgi/server.hpp"
#include "appcore/monitoring/publisher.hpp"
#include "appcore/program.hpp"
#include "appcore/service.hpp"

namespace {

using namespace appcore;

constexpr std::string_view kUsage =
    "Usage: appcore-metrics\n"
    "\n"
    "Serves /metrics of the pool to a web server by FastCGI, on the listening socket that it gets as\n"
    "standard input (supervisord's fcgi-program), and answers what that refuses itself. SIGTERM:\n"
    "finish the request at hand and exit with 0. SIGHUP, SIGUSR1: open the log file anew.\n"
    "\n"
    "  --print-config  print the effective environment for a shell, and exit\n"
    "  --version       print the version, and exit\n"
    "  --help          print this, and exit\n";

constexpr std::string_view kName = "metrics";  // of its own slot, in logs and metrics

// Publishes between two requests, and on the server's tick.
class MetricsService final : public Service {
  public:
    MetricsService(std::vector<api::Route> routes, const system::Clock& clock,
                   system::IdSource& ids, monitoring::Recorder& recorder, monitoring::Log& log,
                   std::optional<monitoring::Publisher> publisher)
        : Service(std::move(routes), clock, ids, recorder, log),
          clock_(clock),
          log_(log),
          publisher_(std::move(publisher)) {}

    void between_requests() override {
        Service::between_requests();
        if (!publisher_) return;
        if (const auto problem = publisher_->maintain(clock_.steady())) {
            log_.error("no textfile: " + problem->message);
        }
    }

  private:
    const system::Clock& clock_;
    monitoring::Log& log_;
    std::optional<monitoring::Publisher> publisher_;
};

Status serve(const Config& config, const CommandLine& line) {
    if (line.slot) return Error{"--slot is for workers"};
    const fcgi::Signals signals;
    auto log = monitoring::Log::open(config.log_file, config.log_level, std::string(kName));
    if (!log) return log.error();
    monitoring::Log& lines = *log.value();

    const system::SystemClock clock;
    system::RandomIds ids;
    monitoring::Recorder recorder(
        {config.state_dir, std::string(kName), "", getpid(), clock.wall()});
    monitoring::Collector collector(config.state_dir);
    std::optional<monitoring::Publisher> publisher;
    if (!config.textfile_dir.empty()) {
        publisher.emplace(collector, config.textfile_dir, api::kVersion);
    }
    MetricsService service({{http::Endpoint::metrics, api::metrics_action(collector)}}, clock, ids,
                           recorder, lines, std::move(publisher));
    service.between_requests();

    if (const Status ready = fcgi::Connection::initialize(); !ready) return ready;
    auto server = fcgi::Server::create(STDIN_FILENO, service, signals,
                                       {config.max_body, monitoring::publish_interval});
    if (!server) {
        lines.error(server.error().message);
        return server.error();
    }
    lines.info("appcore-metrics " + std::string(api::kVersion) + " starts, pid " +
               std::to_string(getpid()));
    Status served = server.value()->run();
    if (const Status attached = recorder.attach(); !attached) lines.error(attached.error().message);
    service.between_requests();
    lines.info("stopped");
    return served;
}

}  // namespace

int main(int argc, char* argv[]) {
    const std::span<const char* const> arguments(argv, static_cast<std::size_t>(argc));
    return appcore::run({"appcore-metrics", kUsage, serve}, arguments.subspan(1));
}
