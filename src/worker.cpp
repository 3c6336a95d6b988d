// appcore-worker: one process of the pool. It serves predictions over FastCGI until SIGTERM.

#include <span>

#include "appcore/models/mean_model.hpp"
#include "appcore/worker_program.hpp"

int main(int argc, char* argv[]) {
    const appcore::models::MeanModel model;
    const std::span<const char* const> arguments(argv, static_cast<std::size_t>(argc));
    return appcore::run_worker(model, arguments.subspan(1));
}
