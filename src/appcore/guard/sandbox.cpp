#include "appcore/guard/sandbox.hpp"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/prctl.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "appcore/guard/sanitizer.hpp"

namespace appcore::guard {
namespace {

struct ReleaseFilter {
    void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;

// What serving needs, by purpose.
constexpr std::array allowed = {
    // connections that others have made
    SCMP_SYS(accept4), SCMP_SYS(close), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_wait), SCMP_SYS(fcntl), SCMP_SYS(getsockopt), SCMP_SYS(poll), SCMP_SYS(ppoll),
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(select),
    SCMP_SYS(sendmsg), SCMP_SYS(sendto), SCMP_SYS(setsockopt), SCMP_SYS(shutdown), SCMP_SYS(write),
    SCMP_SYS(writev),
    // files: the log and the slot
    SCMP_SYS(fallocate), SCMP_SYS(fstat), SCMP_SYS(fsync), SCMP_SYS(ftruncate),
    SCMP_SYS(getdents64), SCMP_SYS(lseek), SCMP_SYS(newfstatat), SCMP_SYS(pread64),
    SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(statx), SCMP_SYS(unlinkat),
    // memory, threads that exist (the last of them may just be starting), time, randomness
    SCMP_SYS(brk), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(futex),
    SCMP_SYS(getrandom), SCMP_SYS(gettimeofday), SCMP_SYS(madvise), SCMP_SYS(mmap),
    SCMP_SYS(mprotect), SCMP_SYS(mremap), SCMP_SYS(munmap), SCMP_SYS(nanosleep), SCMP_SYS(rseq),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_yield), SCMP_SYS(set_robust_list),
    // signals, and the end
    SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(getpid), SCMP_SYS(gettid),
    SCMP_SYS(restart_syscall), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigsuspend), SCMP_SYS(sigaltstack), SCMP_SYS(tgkill)};

// openat(2), by its flags: to read; to append, as the log is; or below a directory that is open
// already, following no link, as slots are. libseccomp cannot look at paths.
int allow_files(void* filter) {
    constexpr auto mode = static_cast<scmp_datum_t>(O_ACCMODE | O_TRUNC);
    constexpr auto creating = static_cast<scmp_datum_t>(O_CREAT);
    // The macros of the library are C, which clang does not take in C++.
    const auto flags = [](scmp_datum_t mask, scmp_datum_t value) {
        return scmp_arg_cmp{2, SCMP_CMP_MASKED_EQ, mask, value};
    };
    constexpr scmp_arg_cmp below_directory{0, SCMP_CMP_NE, static_cast<std::uint32_t>(AT_FDCWD), 0};
    const auto open = [filter](auto... conditions) {
        return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), sizeof...(conditions),
                                conditions...);
    };
    if (const int error = open(flags(mode | creating, O_RDONLY))) return error;
    if (const int error = open(flags(mode | O_APPEND, O_WRONLY | O_APPEND))) return error;
    return open(below_directory, flags(mode | O_NOFOLLOW, O_RDWR | O_NOFOLLOW));
}

Status failed(int error) {
    return Error{std::string("no system call filter: ") +
                 std::strerror(-error)};  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace

Status enter_sandbox() {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno_error("PR_SET_NO_NEW_PRIVS");
    if (has_sanitizer) return Done{};
    const Filter filter{seccomp_init(SCMP_ACT_ERRNO(EPERM))};
    if (!filter) return failed(-ENOMEM);
    if (const int error = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1)) {
        return failed(error);
    }
    for (const int call : allowed) {
        if (const int error = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0)) {
            return failed(error);
        }
    }
    if (const int error = allow_files(filter.get())) return failed(error);
    if (const int error = seccomp_load(filter.get())) return failed(error);
    return Done{};
}

}  // namespace appcore::guard
