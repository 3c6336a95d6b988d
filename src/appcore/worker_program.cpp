#include "appcore/worker_program.hpp"

#include <unistd.h>

#include <memory>
#include <span>
#include <string>

#include "appcore/api/routes.hpp"
#include "appcore/api/version.hpp"
#include "appcore/fcgi/server.hpp"
#include "appcore/guard/crash_report.hpp"
#include "appcore/guard/file_rules.hpp"
#include "appcore/guard/parting_reply.hpp"
#include "appcore/guard/sandbox.hpp"
#include "appcore/guard/watchdog.hpp"
#include "appcore/models/file_model.hpp"
#include "appcore/models/limits.hpp"
#include "appcore/program.hpp"
#include "appcore/recycling.hpp"
#include "appcore/service.hpp"
#include "appcore/store/slot_layout.hpp"

namespace appcore {
namespace {

constexpr std::string_view kUsage =
    "Usage: appcore-worker [--pool NAME] --slot N\n"
    "\n"
    "Serves predictions to a web server by FastCGI, on the listening socket that it gets as "
    "standard\n"
    "input (supervisord's fcgi-program). SIGTERM: answer what has arrived and exit with 0.\n"
    "SIGHUP, SIGUSR1: reopen the log file.\n"
    "\n"
    "  --pool NAME     the pool's name, lower-case letters (default worker)\n"
    "  --slot N        number in the pool, from 1; with the pool's name it is the worker's name "
    "in\n"
    "                  logs and metrics, blue-01 for instance.\n"
    "                  0 serves nothing: it only holds the pool's socket open, which supervisord\n"
    "                  would close if all workers happened to be down at the same moment.\n"
    "  --print-config  print the effective configuration for a shell, and exit\n"
    "  --version       print the version, and exit\n"
    "  --help          print this, and exit\n";

static_assert(models::kMaxVersion < sizeof(store::ModelEntry::name),
              "a slot keeps every version whole, with a zero behind it");

// The model of the configuration; nothing if it names none.
using Loaded = Result<std::unique_ptr<models::FileModel>>;
Loaded load_model(const Config& config) {
    if (config.model.empty()) return std::unique_ptr<models::FileModel>();
    return models::FileModel::load(config.model);
}

Status serve(const models::PredictionModel& built_in, const Config& config,
             const CommandLine& line) {
    if (!line.slot) return Error{"--slot N is required; see --help"};
    const fcgi::Signals signals;
    if (*line.slot == 0) {
        signals.wait_for_stop();
        return Done{};
    }
    const std::string name = worker_name(line.pool, *line.slot);
    const auto log = log::Log::open(config.log_file, config.log_level, name);
    if (!log) return log.error();
    log::Log& lines = *log.value();

    const Loaded loaded = load_model(config);
    if (!loaded) {
        lines.error("the model cannot be served: " + loaded.error().message);
        return loaded.error();
    }
    const models::FileModel* const file = loaded.value().get();
    const models::PredictionModel& model = file == nullptr ? built_in : *file;
    // The kernel binds this thread and those that it starts. The log's own thread is there already,
    // and opens nothing but the log.
    if (config.sandbox) {
        if (const Status bound = guard::restrict_files({config.state_dir, config.log_file});
            !bound) {
            lines.info("files are restricted by their flags only: " + bound.error().message);
        }
    }

    const system::SystemClock clock;
    system::RandomIds ids;
    store::Recorder recorder({config.state_dir, name, std::string(model.version()), getpid(),
                              clock.wall(), config.workers, store::kFirstWait});
    recorder.set_health(model.is_healthy());
    guard::RequestInHand request;
    Service service(
        api::worker_routes(model, clock, ids), {clock, ids, recorder, lines, request},
        {config.request_timeout, config.slow_request, recycle_after(config.max_requests, ids)});
    if (Status begun = service.begin(); !begun) return begun;
    guard::LastWords last_words(name);
    guard::report_crashes(request, last_words, guard::crash_reply());
    const guard::Watchdog watchdog(
        request, last_words, {config.request_timeout, [&recorder] { recorder.count_timeout(); }});

    if (Status ready = fcgi::Connection::initialize(); !ready) return ready;
    auto server = fcgi::Server::create(STDIN_FILENO, service, signals, {config.max_body});
    if (!server) {
        lines.error(server.error().message);
        return server.error();
    }
    lines.info(config.app_name + " " + std::string(api::kVersion) + " starts, model " +
               (file == nullptr ? std::string(model.version()) : file->description()) + ", pid " +
               std::to_string(getpid()));
    // The last step: what comes before needs calls that are gone then.
    if (config.sandbox) {
        if (const Status entered = guard::enter_sandbox(); !entered) {
            lines.warning(entered.error().message);
        }
    }
    Status served = server.value()->run();
    service.end(service.should_recycle() ? "recycled: APPCORE_MAX_REQUESTS is reached" : "stopped");
    return served;
}

}  // namespace

int run_worker(const models::PredictionModel& model, std::span<const char* const> arguments) {
    const auto serve_model = [&model](const Config& config, const CommandLine& line) {
        return serve(model, config, line);
    };
    return run({"appcore-worker", kUsage, serve_model}, arguments);
}

}  // namespace appcore
