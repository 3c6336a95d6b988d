// appcore-model: compiles, checks and tries models. No worker links what it reads them with.

#include <span>

#include "appcore/model_commands/run.hpp"

int main(int argc, char* argv[]) {
    const std::span<const char* const> arguments(argv, static_cast<std::size_t>(argc));
    return appcore::model_commands::run(arguments.subspan(1));
}
