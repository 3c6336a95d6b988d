// appcore-worker: one process of the pool. It serves predictions over FastCGI until SIGTERM.

#include <unistd.h>

#include <array>
#include <span>
#include <string>

#include "appcore/api/routes.hpp"
#include "appcore/api/version.hpp"
#include "appcore/fcgi/server.hpp"
#include "appcore/models/mean_model.hpp"
#include "appcore/program.hpp"
#include "appcore/service.hpp"

namespace {

using namespace appcore;

constexpr std::string_view kUsage =
    "Usage: appcore-worker [--pool NAME] --slot N\n"
    "\n"
    "Serves predictions to a web server by FastCGI, on the listening socket that it gets as "
    "standard\n"
    "input (supervisord's fcgi-program). SIGTERM: finish the request at hand and exit with 0.\n"
    "SIGHUP, SIGUSR1: open the log file anew.\n"
    "\n"
    "  --pool NAME     the pool, small letters (default worker)\n"
    "  --slot N        place in the pool, from 1 on; with the pool's name it is the worker's name "
    "in\n"
    "                  logs and metrics, blue-01 for instance.\n"
    "                  0 serves nothing: it only holds the pool's socket open, which supervisord\n"
    "                  would close if all workers happened to be down at the same moment.\n"
    "  --print-config  print the effective environment for a shell, and exit\n"
    "  --version       print the version, and exit\n"
    "  --help          print this, and exit\n";

std::string slot_name(const std::string& pool, unsigned slot) {
    return pool + (slot < 10 ? "-0" : "-") + std::to_string(slot);
}

Status serve(const Config& config, const CommandLine& line) {
    if (!line.slot) return Error{"which place in the pool? (--slot N, see --help)"};
    const fcgi::Signals signals;
    if (*line.slot == 0) {
        signals.wait_for_stop();
        return Done{};
    }
    const std::string name = slot_name(line.pool, *line.slot);
    auto log = monitoring::Log::open(config.log_file, config.log_level, name);
    if (!log) return log.error();
    monitoring::Log& lines = *log.value();

    const system::SystemClock clock;
    system::RandomIds ids;
    const models::MeanModel model;
    monitoring::Recorder recorder({config.state_dir, name, std::string(model.version()), getpid(),
                                   clock.wall(), config.workers});
    recorder.set_health(model.is_healthy());
    Service service(api::worker_routes(model, clock, ids), clock, ids, recorder, lines);
    service.between_requests();

    if (Status ready = fcgi::Connection::initialize(); !ready) return ready;
    auto server = fcgi::Server::create(STDIN_FILENO, service, signals, {config.max_body});
    if (!server) {
        lines.error(server.error().message);
        return server.error();
    }
    lines.info(config.app_name + " " + std::string(api::kVersion) + " starts, model " +
               std::string(model.version()) + ", pid " + std::to_string(getpid()));
    Status served = server.value()->run();
    if (const Status attached = recorder.attach(); !attached) lines.error(attached.error().message);
    recorder.leave();
    lines.info("stopped");
    return served;
}

}  // namespace

int main(int argc, char* argv[]) {
    const std::span<const char* const> arguments(argv, static_cast<std::size_t>(argc));
    return appcore::run({"appcore-worker", kUsage, serve}, arguments.subspan(1));
}
