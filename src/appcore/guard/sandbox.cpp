#include "appcore/guard/sandbox.hpp"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
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

// The macros of the library are C, which clang does not take in C++.
constexpr scmp_arg_cmp equals(unsigned argument, scmp_datum_t value) {
    return {argument, SCMP_CMP_EQ, value, 0};
}
constexpr scmp_arg_cmp masked(unsigned argument, scmp_datum_t mask, scmp_datum_t value) {
    return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}
// A directory that is open already: AT_FDCWD is negative, in 32 bits or in 64.
constexpr scmp_arg_cmp below_directory(unsigned argument) {
    return {argument, SCMP_CMP_LE, INT_MAX, 0};
}

struct Rule {
    int call;
    std::array<scmp_arg_cmp, 2> conditions{};
    unsigned condition_count = 0;

    explicit constexpr Rule(int number) : call(number) {}
    constexpr Rule(int number, scmp_arg_cmp one)
        : call(number), conditions{one, {}}, condition_count(1) {}
    constexpr Rule(int number, scmp_arg_cmp one, scmp_arg_cmp two)
        : call(number), conditions{one, two}, condition_count(2) {}
};

constexpr scmp_datum_t kWriting = O_ACCMODE | O_TRUNC;
constexpr scmp_datum_t kAppending = O_WRONLY | O_APPEND;
constexpr scmp_datum_t kSlot = O_RDWR | O_NOFOLLOW;

// What serving needs, one rule a line: without it a test fails.
constexpr std::array kRules = {
    // connections that others have made
    Rule{SCMP_SYS(accept4)},
    Rule{SCMP_SYS(close)},
    Rule{SCMP_SYS(epoll_ctl)},
    Rule{SCMP_SYS(epoll_pwait)},
    Rule{SCMP_SYS(getsockopt), equals(1, SOL_SOCKET), equals(2, SO_ERROR)},  // replies lost
#ifdef SYS_poll
    Rule{SCMP_SYS(poll)},
#else
    Rule{SCMP_SYS(ppoll)},  // poll(2) where the processor has none, as on arm64
#endif
    Rule{SCMP_SYS(pselect6)},  // libfcgi waits in it for the peer of a refused body
    Rule{SCMP_SYS(read)},
    Rule{SCMP_SYS(sendmsg)},  // replies (fcgi/reply.cpp)
    Rule{SCMP_SYS(sendto)},
    Rule{SCMP_SYS(setsockopt), equals(1, SOL_SOCKET), equals(2, SO_RCVTIMEO)},
    Rule{SCMP_SYS(setsockopt), equals(1, SOL_SOCKET), equals(2, SO_SNDTIMEO)},
    Rule{SCMP_SYS(shutdown), equals(1, SHUT_WR)},
    Rule{SCMP_SYS(write)},
    // files: to read, to append to the log, and slots below the state directory
    Rule{SCMP_SYS(openat), masked(2, kWriting | O_CREAT, O_RDONLY)},
    Rule{SCMP_SYS(openat), masked(2, kWriting | O_APPEND, kAppending)},
    Rule{SCMP_SYS(openat), below_directory(0), masked(2, kWriting | O_NOFOLLOW, kSlot)},
    Rule{SCMP_SYS(fallocate)},
    Rule{SCMP_SYS(fcntl), equals(1, F_DUPFD_CLOEXEC)},
    Rule{SCMP_SYS(fcntl), equals(1, F_GETFL)},
    Rule{SCMP_SYS(fcntl), equals(1, F_OFD_GETLK)},
    Rule{SCMP_SYS(fcntl), equals(1, F_OFD_SETLK)},
    Rule{SCMP_SYS(fcntl), equals(1, F_SETFD)},
    Rule{SCMP_SYS(fstat)},  // of glibc 2.39 and later, which made newfstatat of it before
    Rule{SCMP_SYS(ftruncate)},
    Rule{SCMP_SYS(getdents64)},
    Rule{SCMP_SYS(lseek)},
    Rule{SCMP_SYS(newfstatat)},
    Rule{SCMP_SYS(pread64)},
    Rule{SCMP_SYS(renameat), below_directory(0), below_directory(2)},
    Rule{SCMP_SYS(unlinkat), below_directory(0), equals(2, 0)},
    // memory that is not executable
    Rule{SCMP_SYS(brk)},
    Rule{SCMP_SYS(madvise), equals(2, MADV_DONTNEED)},
    Rule{SCMP_SYS(mmap), masked(2, PROT_EXEC, 0)},
    Rule{SCMP_SYS(mprotect), masked(2, PROT_EXEC, 0)},
    Rule{SCMP_SYS(munmap)},
    // threads that exist (the last of them may just be starting), time, randomness
    Rule{SCMP_SYS(clock_gettime)},
    Rule{SCMP_SYS(clock_nanosleep)},
    Rule{SCMP_SYS(futex)},
    Rule{SCMP_SYS(getrandom)},
    Rule{SCMP_SYS(restart_syscall)},
    Rule{SCMP_SYS(rseq)},
    Rule{SCMP_SYS(sched_yield)},
    Rule{SCMP_SYS(set_robust_list)},
    // signals, and the end; writev is how glibc says of what it dies
    Rule{SCMP_SYS(exit)},
    Rule{SCMP_SYS(exit_group)},
    Rule{SCMP_SYS(getpid)},
    Rule{SCMP_SYS(gettid)},
    Rule{SCMP_SYS(rt_sigprocmask)},  // signals are looked for between requests
    Rule{SCMP_SYS(rt_sigreturn)},
    Rule{SCMP_SYS(writev)},
};

Status failed(int error) {
    return Error{std::string("no system call filter: ") +
                 std::strerror(-error)};  // NOLINT(concurrency-mt-unsafe)
}

int add(void* filter, const Rule& rule) {
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rule.call, rule.condition_count,
                                  rule.conditions.data());
}

}  // namespace

Status enter_sandbox() {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno_error("PR_SET_NO_NEW_PRIVS");
    if (kHasSanitizer) return Done{};
    const Filter filter{seccomp_init(SCMP_ACT_ERRNO(EPERM))};
    if (!filter) return failed(-ENOMEM);
    if (const int error = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1)) {
        return failed(error);
    }
    for (const Rule& rule : kRules) {
        if (const int error = add(filter.get(), rule)) return failed(error);
    }
    // Signals for this process only: raise(3), and abort(3) with it.
    const Rule own{SCMP_SYS(tgkill), equals(0, static_cast<scmp_datum_t>(::getpid()))};
    if (const int error = add(filter.get(), own)) return failed(error);
    if (const int error = seccomp_load(filter.get())) return failed(error);
    return Done{};
}

}  // namespace appcore::guard
