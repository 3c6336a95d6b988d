#include "appcore/fcgi/signals.hpp"

#include <csignal>
#include <initializer_list>

namespace appcore::fcgi {
namespace {

// A signal handler has nothing but globals to write to.
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables)
volatile std::sig_atomic_t stop_flag = 0;
volatile std::sig_atomic_t reopen_flag = 0;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void note_signal(int number) {
    if (number == SIGTERM || number == SIGINT) {
        stop_flag = 1;
    } else {
        reopen_flag = 1;
    }
}

}  // namespace

Signals::Signals() {
    sigset_t noted;
    sigemptyset(&noted);
    struct sigaction action = {};
    action.sa_handler = note_signal;
    sigemptyset(&action.sa_mask);
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) {
        sigaddset(&noted, number);
        sigaction(number, &action, nullptr);
    }
    action.sa_handler = SIG_IGN;
    for (const int number : {SIGPIPE, SIGXFSZ}) sigaction(number, &action, nullptr);

    sigprocmask(SIG_BLOCK, &noted, &while_waiting_);
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigdelset(&while_waiting_, number);
}

bool Signals::stop_requested() {
    return stop_flag != 0;
}

bool Signals::take_reopen_request() {
    const bool requested = reopen_flag != 0;
    reopen_flag = 0;
    return requested;
}

void Signals::deliver() const {
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, &while_waiting_, &blocked);
    pthread_sigmask(SIG_SETMASK, &blocked, nullptr);
}

void Signals::wait_for_stop() const {
    while (!stop_requested()) sigsuspend(&while_waiting_);
}

}  // namespace appcore::fcgi
