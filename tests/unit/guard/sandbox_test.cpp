// What a worker may and may not ask of the kernel, tried for real: each test forks a process, which
// enters the sandbox.
#include "appcore/guard/sandbox.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "appcore/guard/file_rules.hpp"
#include "appcore/guard/sanitizer.hpp"
#include "appcore/log/line_file.hpp"
#include "appcore/log/log.hpp"
#include "appcore/store/counted.hpp"
#include "appcore/store/slot_file.hpp"
#include "appcore/system/ids.hpp"
#include "store/slot_fixture.hpp"

using namespace slot_fixture;  // NOLINT(google-build-using-namespace)

namespace {

constexpr int kNoSandbox = 125;
constexpr unsigned kHangs = 60;  // seconds, for a call whose refusal is not a failure but a loop

struct Place {
    Place() {
        for (const char* const name : {"state", "log"})
            REQUIRE(::mkdir((base / name).c_str(), 0700) == 0);
        std::ofstream(base / "log/appcore.log") << "before\n";
        std::ofstream(outside / "victim") << "whole";
        std::ofstream(base / "state/there") << "whole";
    }

    [[nodiscard]] guard::FileRules rules() const {
        return {base / "state", base / "log/appcore.log"};
    }

    TemporaryDirectory base;
    TemporaryDirectory outside;
};

void say(std::string_view text) {
    if (::write(STDERR_FILENO, text.data(), text.size()) < 0) ::_exit(kNoSandbox);
}

bool has_landlock() {
    return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1) > 0;
}

struct Ended {
    int code = -1;     // of exit, if it came to that
    int signal = 0;    // that ended it otherwise
    std::string said;  // on standard error
};

// Runs `before` and then, in the sandbox, `action`, whose result is the exit code.
template <typename Before, typename Action>
Ended run(const Place& place, Before before, Action action) {
    std::array<int, 2> pipe{};
    REQUIRE(::pipe(pipe.data()) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::alarm(kHangs);
        ::dup2(pipe[1], STDERR_FILENO);
        std::signal(SIGABRT, SIG_DFL);  // which is the test framework's otherwise
        if (has_landlock() && !guard::restrict_files(place.rules())) ::_exit(kNoSandbox);
        before();
        if (!guard::enter_sandbox()) ::_exit(kNoSandbox);
        ::_exit(action());
    }
    ::close(pipe[1]);
    Ended ended;
    std::array<char, 512> buffer{};
    for (ssize_t size = 0; (size = ::read(pipe[0], buffer.data(), buffer.size())) > 0;) {
        ended.said.append(buffer.data(), static_cast<std::size_t>(size));
    }
    ::close(pipe[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFEXITED(status)) ended.code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
    return ended;
}

template <typename Action>
int run(const Place& place, Action action) {
    return run(
               place, [] {}, action)
        .code;
}

struct Attempt {
    const char* what;
    std::function<long()> call;
};

// The number, from 1 on, of the first attempt that succeeds or fails for another reason; 0 for
// none.
int first_allowed(const std::vector<Attempt>& attempts) {
    int number = 0;
    for (const Attempt& attempt : attempts) {
        ++number;
        errno = 0;
        // EXDEV is Landlock's for a rename into another directory.
        if (attempt.call() != -1 || (errno != EPERM && errno != EACCES && errno != EXDEV))
            return number;
    }
    return 0;
}

void check_refused(const Place& place, const std::vector<Attempt>& attempts) {
    if (guard::kHasSanitizer) return;
    const int allowed = run(place, [&attempts] { return first_allowed(attempts); });
    REQUIRE(allowed != kNoSandbox);
    INFO(std::string(allowed > 0 ? attempts[static_cast<std::size_t>(allowed) - 1].what : ""));
    CHECK(allowed == 0);
}

// 32 bits are what the kernel looks at, so both are the working directory.
constexpr long kHere = AT_FDCWD;
constexpr long kHereIn32Bits = 0xffffff9c;

}  // namespace

TEST_CASE("the sandbox refuses programs, processes, sockets and signals to others", "[sandbox]") {
    const Place place;
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    const pid_t parent = ::getpid();
    check_refused(
        place,
        {{"execve", [] { return ::syscall(SYS_execve, "/bin/true", nullptr, nullptr); }},
         {"execveat",
          [] { return ::syscall(SYS_execveat, AT_FDCWD, "/bin/true", nullptr, nullptr, 0); }},
         {"clone",
          [] { return ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr); }},
         {"clone3",
          [] {
              clone_args arguments{};
              return ::syscall(SYS_clone3, &arguments, sizeof arguments);
          }},
         {"unshare", [] { return ::syscall(SYS_unshare, CLONE_NEWUSER); }},
         {"setns", [] { return ::syscall(SYS_setns, 0, 0); }},
         {"socket", [] { return ::syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0); }},
         {"socketpair", [] { return ::syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, nullptr); }},
         {"connect", [socket] { return ::syscall(SYS_connect, socket, nullptr, 0); }},
         {"bind", [socket] { return ::syscall(SYS_bind, socket, nullptr, 0); }},
         {"listen", [socket] { return ::syscall(SYS_listen, socket, 1); }},
         {"recvmsg", [socket] { return ::syscall(SYS_recvmsg, socket, nullptr, 0); }},
         {"setsockopt of another kind",
          [socket] {
              const int on = 1;
              return ::syscall(SYS_setsockopt, socket, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
          }},
         {"kill", [parent] { return ::syscall(SYS_kill, parent, 0); }},
         {"tkill", [parent] { return ::syscall(SYS_tkill, parent, 0); }},
         {"tgkill of another process",
          [parent] { return ::syscall(SYS_tgkill, parent, parent, 0); }},
         {"rt_tgsigqueueinfo",
          [parent] { return ::syscall(SYS_rt_tgsigqueueinfo, parent, parent, 0, nullptr); }},
         {"pidfd_open", [parent] { return ::syscall(SYS_pidfd_open, parent, 0); }},
         {"ptrace", [parent] { return ::syscall(SYS_ptrace, 16, parent, 0, 0); }},
         {"process_vm_readv",
          [parent] { return ::syscall(SYS_process_vm_readv, parent, nullptr, 0, nullptr, 0, 0); }},
         {"prctl", [] { return ::syscall(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0); }},
         {"seccomp", [] { return ::syscall(SYS_seccomp, 0, 0, nullptr); }},
         {"bpf", [] { return ::syscall(SYS_bpf, 0, nullptr, 0); }},
         {"io_uring_setup", [] { return ::syscall(SYS_io_uring_setup, 1, nullptr); }},
         {"userfaultfd", [] { return ::syscall(SYS_userfaultfd, 0); }},
         {"perf_event_open", [] { return ::syscall(SYS_perf_event_open, nullptr, 0, 0, 0, 0); }},
         {"keyctl", [] { return ::syscall(SYS_keyctl, 0, 0, 0, 0, 0); }},
         {"ioctl", [] { return ::syscall(SYS_ioctl, 0, 0x5412, ""); }},
         {"prlimit64", [] { return ::syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, nullptr); }},
         {"setuid", [] { return ::syscall(SYS_setuid, 0); }},
         {"shmget", [] { return ::syscall(SYS_shmget, 0, 4096, 0); }}});
    ::close(socket);
}

TEST_CASE("the sandbox refuses executable memory", "[sandbox]") {
    const Place place;
    constexpr std::size_t kPage = 4096;
    void* const memory =
        ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const auto map = [](int protection) {
        return ::syscall(SYS_mmap, nullptr, kPage, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    };
    check_refused(
        place,
        {{"mmap to write and execute", [map] { return map(PROT_READ | PROT_WRITE | PROT_EXEC); }},
         {"mmap to execute", [map] { return map(PROT_READ | PROT_EXEC); }},
         {"mprotect to execute",
          [memory] { return ::syscall(SYS_mprotect, memory, kPage, PROT_EXEC); }},
         {"mprotect to write and execute",
          [memory] {
              return ::syscall(SYS_mprotect, memory, kPage, PROT_READ | PROT_WRITE | PROT_EXEC);
          }},
         {"pkey_mprotect",
          [memory] { return ::syscall(SYS_pkey_mprotect, memory, kPage, PROT_EXEC, -1); }},
         {"memfd_create", [] { return ::syscall(SYS_memfd_create, "x", 0); }},
         {"shmat", [] { return ::syscall(SYS_shmat, 0, nullptr, 0); }}});
    ::munmap(memory, kPage);
}

TEST_CASE("the sandbox refuses to change files by their paths", "[sandbox]") {
    const Place place;
    const std::string victim = place.outside / "victim";
    const std::string aside = place.outside / "aside";
    const std::string log = place.base / "log/appcore.log";
    const char* const path = victim.c_str();
    const int state = ::open((place.base / "state").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int file = ::open(log.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    const auto open = [path](long directory, int flags) {
        return ::syscall(SYS_openat, directory, path, flags, 0600);
    };
    check_refused(
        place,
        {{"open to write", [open] { return open(kHere, O_WRONLY); }},
         {"open to write, without a directory",
          [open] { return open(kHereIn32Bits, O_RDWR | O_NOFOLLOW); }},
         {"open to write, in 64 bits", [open] { return open(kHere, O_RDWR | O_NOFOLLOW); }},
         {"open to truncate", [open] { return open(kHere, O_RDONLY | O_TRUNC); }},
         {"open to truncate and append",
          [open] { return open(kHere, O_WRONLY | O_APPEND | O_TRUNC); }},
         {"open to create", [open] { return open(kHere, O_RDONLY | O_CREAT); }},
         {"open to write, through links", [state, open] { return open(state, O_RDWR); }},
         {"open to write only, below a directory",
          [state, open] { return open(state, O_WRONLY | O_NOFOLLOW); }},
         {"open the log to write",
          [&log] { return ::syscall(SYS_openat, AT_FDCWD, log.c_str(), O_WRONLY); }},
         {"let the log be written anywhere",
          [file] { return ::syscall(SYS_fcntl, file, F_SETFL, 0); }},
         {"openat2", [path] { return ::syscall(SYS_openat2, AT_FDCWD, path, nullptr, 0); }},
         {"truncate", [path] { return ::syscall(SYS_truncate, path, 0); }},
         {"renameat",
          [path, &aside] {
              return ::syscall(SYS_renameat, kHereIn32Bits, path, kHere, aside.c_str());
          }},
         {"renameat out of a directory",
          [state, &aside] {
              return ::syscall(SYS_renameat, state, "there", kHere, aside.c_str());
          }},
         {"renameat2", [state] { return ::syscall(SYS_renameat2, state, "there", state, "x", 0); }},
         {"unlinkat", [path] { return ::syscall(SYS_unlinkat, kHereIn32Bits, path, 0); }},
         {"remove a directory",
          [state] { return ::syscall(SYS_unlinkat, state, "x", AT_REMOVEDIR); }},
         {"linkat", [state] { return ::syscall(SYS_linkat, state, "there", state, "x", 0); }},
         {"symlinkat", [state] { return ::syscall(SYS_symlinkat, "/", state, "x"); }},
         {"mkdirat", [state] { return ::syscall(SYS_mkdirat, state, "x", 0700); }},
         {"mknodat", [state] { return ::syscall(SYS_mknodat, state, "x", S_IFREG, 0); }},
         {"fchmod", [file] { return ::syscall(SYS_fchmod, file, 0777); }},
         {"fchownat", [path] { return ::syscall(SYS_fchownat, AT_FDCWD, path, 0, 0, 0); }},
         {"utimensat", [path] { return ::syscall(SYS_utimensat, AT_FDCWD, path, nullptr, 0); }},
         {"setxattr", [path] { return ::syscall(SYS_setxattr, path, "user.x", "", 0, 0); }},
         {"mount", [] { return ::syscall(SYS_mount, nullptr, "/", nullptr, 0, nullptr); }},
         {"chdir", [] { return ::syscall(SYS_chdir, "/"); }},
         {"chroot", [] { return ::syscall(SYS_chroot, "/"); }}});
    ::close(state);
    ::close(file);
}

// arm64, as every newer processor, has only their successors.
#ifdef SYS_open
TEST_CASE("the sandbox refuses the system calls that have been superseded", "[sandbox]") {
    const Place place;
    const std::string victim = place.outside / "victim";
    const std::string aside = place.outside / "aside";
    const char* const path = victim.c_str();
    check_refused(
        place, {{"fork", [] { return ::syscall(SYS_fork); }},
                {"vfork", [] { return ::syscall(SYS_vfork); }},
                {"creat", [path] { return ::syscall(SYS_creat, path, 0600); }},
                {"open", [path] { return ::syscall(SYS_open, path, O_RDONLY); }},
                {"rename", [path, &aside] { return ::syscall(SYS_rename, path, aside.c_str()); }},
                {"unlink", [path] { return ::syscall(SYS_unlink, path); }},
                {"link", [path, &aside] { return ::syscall(SYS_link, path, aside.c_str()); }},
                {"chmod", [path] { return ::syscall(SYS_chmod, path, 0777); }}});
}
#endif

TEST_CASE("Landlock refuses every file outside the directories of state and log", "[sandbox]") {
    if (!has_landlock()) WARN("this kernel has no Landlock");
    if (!has_landlock()) return;
    const Place place;
    const std::string victim = place.outside / "victim";
    const std::string aside = place.outside / "aside";
    const char* const path = victim.c_str();
    const int state = ::open((place.base / "state").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int outside = ::open(place.outside.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const auto open = [](int directory, const char* name, int flags) {
        return ::syscall(SYS_openat, directory, name, flags, 0600);
    };
    check_refused(
        place,
        {{"read", [&] { return open(AT_FDCWD, path, O_RDONLY); }},
         {"list", [&] { return open(outside, ".", O_RDONLY | O_DIRECTORY); }},
         {"read /etc/passwd", [&] { return open(AT_FDCWD, "/etc/passwd", O_RDONLY); }},
         {"read another process's memory", [&] { return open(AT_FDCWD, "/proc/1/mem", O_RDONLY); }},
         {"append", [&] { return open(AT_FDCWD, path, O_WRONLY | O_APPEND); }},
         {"append to a new file",
          [&] { return open(AT_FDCWD, aside.c_str(), O_WRONLY | O_APPEND | O_CREAT); }},
         {"write by an absolute path", [&] { return open(state, path, O_RDWR | O_NOFOLLOW); }},
         {"create by an absolute path",
          [&] { return open(state, aside.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW); }},
         {"write below another directory",
          [&] { return open(outside, "victim", O_RDWR | O_NOFOLLOW); }},
         {"rename by absolute paths",
          [&] { return ::syscall(SYS_renameat, state, path, state, aside.c_str()); }},
         {"rename out of the state directory",
          [&] { return ::syscall(SYS_renameat, state, "there", outside, "there"); }},
         {"rename into the state directory",
          [&] { return ::syscall(SYS_renameat, outside, "victim", state, "victim"); }},
         {"remove by an absolute path", [&] { return ::syscall(SYS_unlinkat, state, path, 0); }},
         {"remove below another directory",
          [&] { return ::syscall(SYS_unlinkat, outside, "victim", 0); }}});
    ::close(state);
    ::close(outside);
    std::ifstream file(victim);
    CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == "whole");
}

TEST_CASE("Landlock's rules are for a directory alone where anybody may write beside it",
          "[sandbox]") {
    if (!has_landlock()) return;
    const TemporaryDirectory state;  // in the directory of temporary files
    const TemporaryDirectory neighbour;
    const std::string file = neighbour / "x";
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        if (!guard::restrict_files({state.path(), ""})) ::_exit(kNoSandbox);
        const bool own = ::open((state / "x").c_str(), O_RDWR | O_CREAT, 0600) >= 0;  // NOLINT
        const bool other = ::open(file.c_str(), O_RDWR | O_CREAT, 0600) >= 0;         // NOLINT
        ::_exit(own && !other ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK((WIFEXITED(status) && (WEXITSTATUS(status) == 0 || guard::kHasSanitizer)));
}

TEST_CASE("Landlock's rules never are for the root of all files", "[sandbox]") {
    if (!has_landlock()) return;
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        if (!guard::restrict_files({"/tmp", ""})) ::_exit(kNoSandbox);
        ::_exit(::open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? 0 : 1);  // NOLINT
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK((WIFEXITED(status) && (WEXITSTATUS(status) == 0 || guard::kHasSanitizer)));
}

TEST_CASE("a sandboxed worker makes a new log after a rotation", "[sandbox]") {
    const Place place;
    const std::string path = place.rules().log_file;
    appcore::log::LineFile sink(path);
    REQUIRE(sink.open());
    REQUIRE(::rename(path.c_str(), (path + ".1").c_str()) == 0);
    CHECK(run(place, [&sink] { return sink.reopen() ? 0 : 1; }) == 0);
    CHECK(::access(path.c_str(), F_OK) == 0);
}

TEST_CASE("a sandboxed worker opens standard output again", "[sandbox]") {
    const Place place;
    appcore::log::LineFile sink("");
    REQUIRE(sink.open());
    CHECK(run(place, [&sink] { return sink.reopen() ? 0 : 1; }) == 0);
}

TEST_CASE("a sandboxed worker takes back the part of a line that fits", "[sandbox]") {
    const Place place;
    const std::string path = place.rules().log_file;
    constexpr rlim_t kRoom = 300;  // for one line and a part of the next
    std::unique_ptr<log::Log> log;
    const auto ended = run(
        place,
        [&log, &path] {
            log = std::move(log::Log::open(path, spdlog::level::info, "worker-01").value());
            std::signal(SIGXFSZ, SIG_IGN);
            const rlimit limit{kRoom, kRoom};
            ::setrlimit(RLIMIT_FSIZE, &limit);
        },
        [&log] {
            log->info(std::string(100, 'a'));
            log->info(std::string(100, 'b'));
            log->finish();
            return 0;
        });
    CHECK(ended.code == 0);
    std::ifstream file(path);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    CHECK(text.find("aaa") != std::string::npos);
    CHECK(text.ends_with("\n"));
    CHECK(text.find("bbb") == std::string::npos);
}

TEST_CASE("a sandboxed worker takes its slot, and continues that of its predecessor", "[sandbox]") {
    const Place place;
    const std::string state = place.base / "state";
    const RequestKey key{{1, 2}};
    {
        Recorder sibling(options(state, "worker-02"));
        REQUIRE(sibling.attach());
        sibling.record_request(prediction(key));
        Recorder before(options(state));
        REQUIRE(before.attach());
        before.record_request(health_check());
    }
    const auto go_on = [&state, key] {
        Recorder recorder(options(state));
        if (!recorder.attach()) return 1;
        recorder.record_request(health_check());
        return recorder.was_counted(key) ? 0 : 2;
    };
    CHECK(run(place, go_on) == 0);
    CHECK(count(totals_of(state), http::Method::get, http::Endpoint::health, 200) == 2);
    // With something of its own it writes a new file, in place of one that was left unfinished.
    std::ofstream(state + "/worker-01.new") << "left";
    const auto move = [&state] {
        Recorder recorder(options(state));
        recorder.record_request(health_check());
        return recorder.attach() ? 0 : 1;
    };
    CHECK(run(place, move) == 0);
    CHECK(count(totals_of(state), http::Method::get, http::Endpoint::health, 200) == 3);
    // A damaged one is set aside.
    std::ofstream(state + "/worker-01.slot") << "damaged";
    CHECK(run(place, go_on) == 0);
    CHECK(::access((state + "/worker-01.damaged").c_str(), F_OK) == 0);
}

TEST_CASE("a sandboxed worker sees who holds a slot", "[sandbox]") {
    const Place place;
    Recorder holder(options(place.base / "state"));
    REQUIRE(holder.attach());
    const int state = ::open((place.base / "state").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(run(place, [state] { return is_slot_held(state, "worker-01") ? 0 : 1; }) == 0);
    ::close(state);
}

TEST_CASE("memory grows and is given back in the sandbox", "[sandbox]") {
    if (guard::kHasSanitizer) return;
    const Place place;
    CHECK(run(place, [] {
              // As malloc does for small blocks. Where the call fails, glibc does not notice.
              *static_cast<char*>(::sbrk(1 << 20)) = 1;
              // As malloc does for large ones.
              constexpr std::size_t kLarge = std::size_t{8} << 20U;
              void* const large = ::mmap(nullptr, kLarge, PROT_READ | PROT_WRITE,
                                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              if (large == MAP_FAILED) return 2;                             // NOLINT
              const auto address = reinterpret_cast<std::uintptr_t>(large);  // NOLINT
              ::munmap(large, kLarge);
              // Where nothing is mapped, nothing can be written from.
              return ::syscall(SYS_write, STDERR_FILENO, address, 1) < 0 && errno == EFAULT ? 0 : 3;
          }) == 0);
}

TEST_CASE("a thread that was there before the sandbox allocates, waits and ends in it",
          "[sandbox]") {
    if (guard::kHasSanitizer) return;
    const Place place;
    std::mutex mutex;
    std::condition_variable changed;
    bool is_in = false;
    int mapped = -1;
    std::thread thread;
    const auto ended = run(
        place,
        [&] {
            thread = std::thread([&] {
                void* const first = std::malloc(100);  // NOLINT: the thread's own arena
                const auto mapped_before = ::mallinfo2().hblks;
                std::unique_lock lock(mutex);
                changed.wait(lock, [&] { return is_in; });
                changed.wait_for(lock, 1ms, [] { return false; });
                std::vector<void*> small(4000);
                for (void*& memory : small) memory = std::malloc(1000);  // NOLINT
                // An arena that cannot grow takes a mapping for each block.
                mapped = static_cast<int>(::mallinfo2().hblks - mapped_before);
                for (void* const memory : small) std::free(memory);  // NOLINT
                std::free(first);                                    // NOLINT
            });
        },
        [&] {
            {
                const std::lock_guard lock(mutex);
                is_in = true;
            }
            changed.notify_all();
            thread.join();
            return mapped;
        });
    CHECK(ended.code == 0);
}

TEST_CASE("a sandboxed process ends together with its threads", "[sandbox]") {
    if (guard::kHasSanitizer) return;
    const Place place;
    const auto ended = run(
        place, [] { std::thread([] { std::this_thread::sleep_for(10min); }).detach(); },
        [] { return 0; });
    CHECK(ended.code == 0);
}

// Also while it is being started: glibc ends a process whose thread cannot register.
TEST_CASE("a thread that is just starting registers with the kernel in the sandbox", "[sandbox]") {
    if (guard::kHasSanitizer) return;
    const Place place;
    CHECK(run(place, [] {
              return ::syscall(SYS_rseq, nullptr, 0, 0, 0) == -1 && errno == EPERM ? 1 : 0;
          }) == 0);
}

// Where the kernel's clock is not to be had without a call, as on some virtual machines.
TEST_CASE("the clock and random numbers are there in the sandbox", "[sandbox]") {
    const Place place;
    CHECK(run(place, [] {
              timespec now{};
              if (::syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) != 0) return 1;
              system::RandomIds ids;  // aborts without
              return ids.next().text() == ids.next().text() ? 2 : 0;
          }) == 0);
}

TEST_CASE("a wait continues in the sandbox after the process was stopped", "[sandbox]") {
    const Place place;
    std::array<int, 2> pipe{};
    REQUIRE(::pipe(pipe.data()) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::alarm(kHangs);
        if (!guard::enter_sandbox()) ::_exit(kNoSandbox);
        if (::write(pipe[1], "x", 1) != 1) ::_exit(1);
        const timespec long_enough{1, 0};
        ::_exit(::clock_nanosleep(CLOCK_MONOTONIC, 0, &long_enough, nullptr));
    }
    char ready = 0;
    REQUIRE(::read(pipe[0], &ready, 1) == 1);
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0) {
        ::kill(child, SIGSTOP);
        ::kill(child, SIGCONT);
        ::usleep(10'000);
    }
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    ::close(pipe[0]);
    ::close(pipe[1]);
}

TEST_CASE("a sandboxed process catches its own signals, and dies of them with its last words",
          "[sandbox]") {
    if (guard::kHasSanitizer) return;
    const Place place;
    const auto ended = run(
        place, [] { std::signal(SIGUSR2, [](int) { say("caught "); }); },
        [] {
            std::raise(SIGUSR2);
            void* volatile memory = std::malloc(5000);  // NOLINT
            std::free(memory);                          // NOLINT
            std::free(memory);                          // NOLINT
            return 1;
        });
    CHECK(ended.signal == SIGABRT);
    CHECK(ended.said.find("caught ") == 0);
    CHECK(ended.said.find("free") != std::string::npos);
}
