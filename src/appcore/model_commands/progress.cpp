#include "appcore/model_commands/progress.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <utility>

namespace appcore::model_commands {

Progress::Progress(std::string what) : what_(std::move(what)) {
    if (::isatty(STDERR_FILENO) == 0) return;
    thread_ = std::jthread([this](const std::stop_token& stop) { show(stop); });
}

void Progress::show(const std::stop_token& stop) {
    const auto never = [] { return false; };
    bool shown = false;
    std::unique_lock lock(mutex_);
    for (int seconds = 1;; ++seconds) {
        stopped_.wait_for(lock, stop, std::chrono::seconds(1), never);
        if (stop.stop_requested()) break;
        std::fprintf(stderr, "\r%s: %d s ", what_.c_str(), seconds);
        shown = true;
    }
    if (shown) std::fputs("\r\x1b[K", stderr);
}

}  // namespace appcore::model_commands
