// A tmpfs of 512 KiB, a few slots, for tests of full and read-only directories. It lives in a mount
// name space of a child process and is reached through /proc, so that nothing is left behind.
// Without the rights for it (no root, no user name spaces) there is none.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>

#include "store/slot_fixture.hpp"

namespace slot_fixture {

class SmallFileSystem {
  public:
    SmallFileSystem() {
        REQUIRE(::pipe2(commands_.data(), O_CLOEXEC) == 0);
        REQUIRE(::pipe2(answers_.data(), O_CLOEXEC) == 0);
        child_ = ::fork();
        REQUIRE(child_ >= 0);
        if (child_ == 0) serve();
        ::close(commands_[0]);
        ::close(answers_[1]);
        is_mounted_ = answered();
        path_ = "/proc/" + std::to_string(child_) + "/root" + mount_point_.path();
        is_mounted_ = is_mounted_ && ::access(path_.c_str(), R_OK | W_OK | X_OK) == 0;
        if (!is_mounted_) WARN("SKIP: no right to mount a small file system");
    }
    SmallFileSystem(const SmallFileSystem&) = delete;
    SmallFileSystem& operator=(const SmallFileSystem&) = delete;
    ~SmallFileSystem() {
        ::close(commands_[1]);
        ::close(answers_[0]);
        ::waitpid(child_, nullptr, 0);
    }

    [[nodiscard]] bool is_mounted() const { return is_mounted_; }
    [[nodiscard]] const std::string& path() const { return path_; }

    void set_read_only(bool is_read_only) {
        REQUIRE(::write(commands_[1], is_read_only ? "r" : "w", 1) == 1);
        REQUIRE(answered());
    }
    // Takes all the space there is.
    void fill() const {
        const int fd = ::open((path_ + "/filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        REQUIRE(fd >= 0);
        const std::array<char, 4096> page{};
        while (::write(fd, page.data(), page.size()) > 0) {
        }
        ::close(fd);
    }
    void make_space() const { REQUIRE(::unlink((path_ + "/filler").c_str()) == 0); }

  private:
    bool answered() {
        char answer = 0;
        return ::read(answers_[0], &answer, 1) == 1 && answer == 'y';
    }

    void answer(bool is_done) {
        if (::write(answers_[1], is_done ? "y" : "n", 1) != 1) ::_exit(1);
    }

    // A user other than root becomes root of a user name space, in which only the own ids exist.
    static bool enter_name_space() {
        const uid_t user = ::geteuid();
        const gid_t group = ::getegid();
        if (user == 0) return ::unshare(CLONE_NEWNS) == 0;
        if (::unshare(CLONE_NEWNS | CLONE_NEWUSER) != 0) return false;
        write_file("/proc/self/setgroups", "deny");
        write_file("/proc/self/uid_map", "0 " + std::to_string(user) + " 1");
        write_file("/proc/self/gid_map", "0 " + std::to_string(group) + " 1");
        return ::geteuid() == 0;
    }

    [[noreturn]] void serve() {
        ::close(commands_[1]);
        const char* const path = mount_point_.path().c_str();
        answer(enter_name_space() &&
               ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               ::mount("tmpfs", path, "tmpfs", 0, "size=512k,mode=0777") == 0);
        char command = 0;
        while (::read(commands_[0], &command, 1) == 1) {
            const unsigned long flags = command == 'r' ? MS_REMOUNT | MS_RDONLY : MS_REMOUNT;
            answer(::mount("tmpfs", path, "tmpfs", flags, "size=512k") == 0);
        }
        ::_exit(0);
    }

    TemporaryDirectory mount_point_;
    std::string path_;
    std::array<int, 2> commands_{};
    std::array<int, 2> answers_{};
    pid_t child_ = -1;
    bool is_mounted_ = false;
};

}  // namespace slot_fixture
