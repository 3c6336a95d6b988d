// A worker whose model does what the first feature says, for tests of how the service bears it: the
// numbers below; anything else is the seconds that the prediction takes.

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <new>
#include <span>
#include <string_view>
#include <thread>

#include "appcore/worker_program.hpp"

namespace {

// What a system call returned: 0, or the error's number.
double error_of(int result) {
    if (result >= 0) {
        ::close(result);
        return 0;
    }
    return errno;
}

class ObedientModel final : public appcore::models::PredictionModel {
  public:
    [[nodiscard]] std::string_view version() const override { return "obedient"; }
    [[nodiscard]] bool is_healthy() const override { return true; }

    [[nodiscard]] double predict(std::span<const double> features) const override {
        switch (static_cast<int>(features.front())) {
            case -1:  // crash
                ::raise(SIGSEGV);
                return 0;
            case -2:
                throw std::bad_alloc();
            case -3:  // calculate for ever
                for (volatile bool forever = true; forever;) {
                }
                return 0;
            case -4:
                return error_of(::execl("/bin/true", "true", nullptr));
            case -5:
                return error_of(::socket(AF_UNIX, SOCK_STREAM, 0));
            case -6:
                return error_of(::open("/dev/null", O_WRONLY | O_CLOEXEC));
            case -7: {
                const pid_t child = ::fork();
                if (child == 0) ::_exit(0);
                return child < 0 ? errno : 0;
            }
            default:
                std::this_thread::sleep_for(std::chrono::duration<double>(features.front()));
                return features.front();
        }
    }
};

}  // namespace

int main(int argc, char* argv[]) {
    const ObedientModel model;
    const std::span<const char* const> arguments(argv, static_cast<std::size_t>(argc));
    return appcore::run_worker(model, arguments.subspan(1));
}
