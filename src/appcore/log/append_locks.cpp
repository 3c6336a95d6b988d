#include "appcore/log/append_locks.hpp"

#include <fcntl.h>

#include <cerrno>
#include <ctime>

namespace appcore::log {
namespace {

// A second: on a machine that is overloaded the holder may have to wait that long for a processor.
constexpr int kTries = 1000;
constexpr int kTriesWhenStuck = 20;

bool is_anothers() {
    return errno == EAGAIN || errno == EACCES;
}

}  // namespace

bool set_lock(int fd, off_t byte, short type) {
    struct flock lock = {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = byte;
    lock.l_len = 1;
    return ::fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

void pause_briefly() {
    constexpr timespec kPause = {0, 1'000'000};
    ::nanosleep(&kPause, nullptr);
}

Turn::Turn(int fd, bool& is_stuck) : fd_(fd) {
    const int tries = is_stuck ? kTriesWhenStuck : kTries;
    for (int i = 0; i < tries && !(is_held_ = set_lock(fd_, kTurn, F_WRLCK)); ++i) {
        if (!is_anothers()) return;
        pause_briefly();
    }
    is_stuck = !is_held_;
}

Turn::~Turn() {
    if (is_held_) static_cast<void>(set_lock(fd_, kTurn, F_UNLCK));
}

Apart::Apart(int fd, short type)
    : fd_(fd), is_held_(set_lock(fd, kOutOfTurn, type)), is_refused_(!is_held_ && is_anothers()) {}

Apart::~Apart() {
    if (is_held_) static_cast<void>(set_lock(fd_, kOutOfTurn, F_UNLCK));
}

}  // namespace appcore::log
