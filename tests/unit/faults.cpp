#include "faults.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <initializer_list>

extern "C" void* __real_mmap(void* at, size_t size, int protection, int flags, int fd,
                             off_t offset);

namespace faults {
namespace {

// Not errors, but ways in which a write may fall short.
constexpr int kHalf = -1;          // a part is written
constexpr int kHalfThenFull = -2;  // and there is no room for the rest

struct State {
    pid_t armed = 0;        // in this process only
    std::size_t until = 0;  // calls before the one that fails
    std::size_t variant = 0;
    bool lasting = false;
    const char* function = nullptr;  // that has failed
    std::size_t variants = 0;
    int error = 0;
    bool full = false;
};

// Shared with forked processes, so that the parent sees how far they came.
State& state() {
    static State* const kShared = [] {
        void* const memory = __real_mmap(nullptr, sizeof(State), PROT_READ | PROT_WRITE,
                                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        return new (memory) State();
    }();
    return *kShared;
}

// The error that this call is to fail with, or 0.
int next_error(const char* function, std::initializer_list<int> errors) {
    State& now = state();
    if (now.armed != ::getpid()) return 0;
    if (now.function == nullptr) {
        if (now.until-- != 0) return 0;
        now.function = function;
        now.variants = errors.size();
        now.error = *(errors.begin() + std::min(now.variant, errors.size() - 1));
        return now.error;
    }
    if (std::strcmp(now.function, function) != 0) return 0;
    if (now.error == kHalfThenFull) {
        if (!now.lasting && now.full) return 0;
        now.full = true;
        return ENOSPC;
    }
    const bool passes = now.error == EINTR || now.error == ECONNABORTED;
    return now.lasting && !passes ? now.error : 0;
}

bool fails(const char* function, std::initializer_list<int> errors) {
    const int error = next_error(function, errors);
    if (error != 0) errno = error;
    return error != 0;
}

}  // namespace

Injection::Injection(std::size_t call, std::size_t variant, bool lasting)
    : call_(call), variant_(variant), lasting_(lasting) {
    state() = State{};
}

void Injection::arm() const {
    state() = State{};
    state().until = call_ - 1;
    state().variant = variant_;
    state().lasting = lasting_;
    state().armed = ::getpid();
}

void Injection::disarm() {
    state().armed = 0;
}

bool Injection::struck() {
    return state().function != nullptr;
}

std::size_t Injection::variants() {
    return state().variants;
}

std::string Injection::describe() const {
    const State& now = state();
    if (now.function == nullptr) return "no fault";
    const std::string error = now.error == kHalf           ? "a part"
                              : now.error == kHalfThenFull ? "a part, then no space"
                                                           : std::strerror(now.error);
    return std::string(now.function) + ", call " + std::to_string(call_) + ": " + error +
           (lasting_ ? ", lasting" : "");
}

}  // namespace faults

using faults::fails;

// The wrapped functions: __wrap_X is called for X, and __real_X is X.
// Errors are those that a sound program meets one day: full disks, limits, lost rights.
extern "C" {

#define WRAPPED(result, name, parameters) \
    result __real_##name parameters;      \
    result __wrap_##name parameters

int __real_open(const char* path, int flags, ...);
int __wrap_open(const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (fails("open", {EMFILE, EACCES, EIO})) return -1;
    return __real_open(path, flags, mode);
}

int __real_openat(int directory, const char* path, int flags, ...);
int __wrap_openat(int directory, const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if ((flags & O_CREAT) != 0 && fails("openat", {EMFILE, ENOSPC, EROFS})) return -1;
    if ((flags & O_CREAT) == 0 && fails("openat", {EMFILE, EACCES, EIO})) return -1;
    return __real_openat(directory, path, flags, mode);
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    void* const argument = va_arg(arguments, void*);
    va_end(arguments);
    if (fails("fcntl", {ENOLCK, EINTR, EAGAIN})) return -1;
    return __real_fcntl(fd, command, argument);
}

WRAPPED(ssize_t, write, (int fd, const void* bytes, size_t count)) {
    const int error =
        faults::next_error("write", {ENOSPC, EIO, EINTR, faults::kHalf, faults::kHalfThenFull});
    if (error < 0) return __real_write(fd, bytes, std::max<size_t>(count / 2, 1));
    if (error > 0) {
        errno = error;
        return -1;
    }
    return __real_write(fd, bytes, count);
}

WRAPPED(ssize_t, writev, (int fd, const struct iovec* parts, int count)) {
    const int error =
        faults::next_error("writev", {ENOSPC, EIO, EINTR, faults::kHalf, faults::kHalfThenFull});
    // Half of the bytes of the first part that has any.
    while (error < 0 && count > 1 && parts->iov_len == 0) ++parts, --count;
    if (error < 0) {
        return __real_write(fd, parts->iov_base, std::max<size_t>(parts->iov_len / 2, 1));
    }
    if (error > 0) {
        errno = error;
        return -1;
    }
    return __real_writev(fd, parts, count);
}

WRAPPED(ssize_t, pread, (int fd, void* bytes, size_t count, off_t offset)) {
    return fails("pread", {EIO, EINTR}) ? -1 : __real_pread(fd, bytes, count, offset);
}

WRAPPED(int, mkostemp, (char* pattern, int flags)) {
    return fails("mkostemp", {ENOSPC, EMFILE, EACCES}) ? -1 : __real_mkostemp(pattern, flags);
}

WRAPPED(int, fchmod, (int fd, mode_t mode)) {
    return fails("fchmod", {EPERM}) ? -1 : __real_fchmod(fd, mode);
}

WRAPPED(int, fstat, (int fd, struct stat* status)) {
    return fails("fstat", {EIO}) ? -1 : __real_fstat(fd, status);
}

WRAPPED(int, fstatat, (int directory, const char* path, struct stat* status, int flags)) {
    return fails("fstatat", {EIO, EACCES}) ? -1 : __real_fstatat(directory, path, status, flags);
}

WRAPPED(int, utimensat, (int directory, const char* path, const timespec* times, int flags)) {
    return fails("utimensat", {EACCES}) ? -1 : __real_utimensat(directory, path, times, flags);
}

WRAPPED(int, renameat, (int from, const char* old, int to, const char* path)) {
    return fails("renameat", {ENOSPC, EACCES, EIO}) ? -1 : __real_renameat(from, old, to, path);
}

WRAPPED(int, unlinkat, (int directory, const char* path, int flags)) {
    return fails("unlinkat", {EACCES}) ? -1 : __real_unlinkat(directory, path, flags);
}

WRAPPED(int, posix_fallocate, (int fd, off_t offset, off_t size)) {
    const int error = faults::next_error("posix_fallocate", {ENOSPC, EINTR});
    return error != 0 ? error : __real_posix_fallocate(fd, offset, size);
}

WRAPPED(void*, mmap, (void* at, size_t size, int protection, int flags, int fd, off_t offset)) {
    if (fails("mmap", {ENOMEM})) return MAP_FAILED;
    return __real_mmap(at, size, protection, flags, fd, offset);
}

WRAPPED(DIR*, opendir, (const char* path)) {
    return fails("opendir", {EMFILE, EACCES}) ? nullptr : __real_opendir(path);
}

WRAPPED(DIR*, fdopendir, (int fd)) {
    return fails("fdopendir", {ENOMEM}) ? nullptr : __real_fdopendir(fd);
}

WRAPPED(dirent*, readdir, (DIR * stream)) {
    return fails("readdir", {EIO}) ? nullptr : __real_readdir(stream);
}

WRAPPED(int, poll, (pollfd * waiting, nfds_t count, int timeout)) {
    return fails("poll", {EINTR, ENOMEM}) ? -1 : __real_poll(waiting, count, timeout);
}

WRAPPED(int, accept4, (int listener, sockaddr* address, socklen_t* length, int flags)) {
    if (fails("accept4", {EMFILE, ENFILE, ENOMEM, ECONNABORTED, EINTR, EAGAIN, EPROTO})) return -1;
    return __real_accept4(listener, address, length, flags);
}

WRAPPED(int, epoll_create1, (int flags)) {
    return fails("epoll_create1", {EMFILE, ENOMEM}) ? -1 : __real_epoll_create1(flags);
}

WRAPPED(int, epoll_ctl, (int epoll, int operation, int fd, epoll_event* event)) {
    return fails("epoll_ctl", {ENOSPC, ENOMEM}) ? -1
                                                : __real_epoll_ctl(epoll, operation, fd, event);
}

WRAPPED(int, epoll_pwait,
        (int epoll, epoll_event* events, int count, int timeout, const sigset_t* mask)) {
    if (fails("epoll_pwait", {EINTR})) return -1;
    return __real_epoll_pwait(epoll, events, count, timeout, mask);
}

}  // extern "C"
