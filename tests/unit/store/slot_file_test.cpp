#include "appcore/store/slot_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <memory>

#include "store/slot_fixture.hpp"

using namespace slot_fixture;  // NOLINT(google-build-using-namespace)

TEST_CASE("a slot's name is made of letters, digits, '-' and '_'") {
    CHECK(is_slot_name("worker-01"));
    CHECK(is_slot_name("A_z-9"));
    CHECK(is_slot_name("azAZ09"));
    for (const char* const beside : {"`", "{", "@", "[", "/", ":"}) {
        CAPTURE(beside);
        CHECK_FALSE(is_slot_name(beside));
    }
    CHECK(is_slot_name(std::string(64, 'x')));
    CHECK_FALSE(is_slot_name(""));
    CHECK_FALSE(is_slot_name(std::string(65, 'x')));
    CHECK_FALSE(is_slot_name("../x"));
    CHECK_FALSE(is_slot_name("a.b"));
    CHECK_FALSE(is_slot_name("a b"));
}

TEST_CASE("a slot has one holder at a time and is free again when it is gone") {
    const TemporaryDirectory path;
    const auto directory = open_state_directory(path.path());
    REQUIRE(directory.ok());
    const int fd = directory.value().get();
    CHECK_FALSE(is_slot_held(fd, "worker-01"));
    {
        const auto lock = lock_slot(fd, "worker-01");
        REQUIRE(lock.ok());
        CHECK(is_slot_held(fd, "worker-01"));
        const auto second = lock_slot(fd, "worker-01");
        REQUIRE_FALSE(second.ok());
        CHECK(second.error().message == "slot worker-01 is held by another process");
        CHECK(lock_slot(fd, "worker-02").ok());
    }
    CHECK_FALSE(is_slot_held(fd, "worker-01"));
    CHECK(lock_slot(fd, "worker-01").ok());
}

TEST_CASE("the files of a slot are for its owner and the group, who may read them") {
    const TemporaryDirectory path;
    const auto directory = open_state_directory(path.path());
    const mode_t before = ::umask(0);
    const auto lock = lock_slot(directory.value().get(), "worker-01");
    const auto mapped = replace_slot(directory.value().get(), "worker-01", Slot{});
    ::umask(before);
    REQUIRE((lock.ok() && mapped.ok()));
    for (const char* const file : {"worker-01.lock", "worker-01.slot"}) {
        struct stat status {};
        REQUIRE(::stat((path / file).c_str(), &status) == 0);
        CHECK((status.st_mode & 07777) == 0640);
    }
}

TEST_CASE("a link or a pipe in the place of a slot's file is neither followed nor waited for") {
    const TemporaryDirectory path;
    const auto directory = open_state_directory(path.path());
    const int fd = directory.value().get();
    write_file(path / "elsewhere", std::string(sizeof(Slot), '\0'));
    for (const char* const name : {"worker-01.lock", "worker-01.slot", "worker-01.new"}) {
        REQUIRE(::symlink("elsewhere", (path / name).c_str()) == 0);
    }
    CHECK_FALSE(lock_slot(fd, "worker-01").ok());
    CHECK_FALSE(map_slot(fd, "worker-01").ok());
    CHECK(replace_slot(fd, "worker-01", Slot{}).ok());
    CHECK(read_file(path / "elsewhere") == std::string(sizeof(Slot), '\0'));

    // Whoever holds what a link leads to does not hold the slot.
    const auto lock = lock_slot(fd, "worker-02");
    REQUIRE(::unlink((path / "worker-01.lock").c_str()) == 0);
    REQUIRE(::symlink("worker-02.lock", (path / "worker-01.lock").c_str()) == 0);
    CHECK_FALSE(is_slot_held(fd, "worker-01"));

    REQUIRE(::mkfifo((path / "worker-03.lock").c_str(), 0600) == 0);
    CHECK_FALSE(is_slot_held(fd, "worker-03"));
}

TEST_CASE("no program that is started inherits the directory or a lock") {
    const TemporaryDirectory path;
    const auto directory = open_state_directory(path.path());
    const auto lock = lock_slot(directory.value().get(), "worker-01");
    for (const int fd : {directory.value().get(), lock.value().get()}) {
        CHECK(::fcntl(fd, F_GETFD) == FD_CLOEXEC);
    }
}

TEST_CASE("a slot is unmapped at its end, also after it has been moved") {
    const TemporaryDirectory path;
    const auto directory = open_state_directory(path.path());
    const auto mappings = [&path] {
        std::ifstream maps("/proc/self/maps");
        int count = 0;
        for (std::string line; std::getline(maps, line);) {
            count += line.find(path.path()) != std::string::npos ? 1 : 0;
        }
        return count;
    };
    {
        Result<MappedSlot> one = replace_slot(directory.value().get(), "worker-01", Slot{});
        Result<MappedSlot> two = replace_slot(directory.value().get(), "worker-02", Slot{});
        REQUIRE((one.ok() && two.ok()));
        CHECK(mappings() == 2);
        const std::uint64_t inode = two.value().inode();
        one.value() = std::move(two).value();
        CHECK(one.value().inode() == inode);
    }
    CHECK(mappings() == 0);
}

TEST_CASE("a killed process does not hold its slot") {
    const TemporaryDirectory path;
    const auto directory = open_state_directory(path.path());
    const int fd = directory.value().get();
    const pid_t child = ::fork();
    if (child == 0) {
        const auto lock = lock_slot(fd, "worker-01");
        ::raise(SIGSTOP);
        ::_exit(lock.ok() ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, WUNTRACED) == child);
    REQUIRE(WIFSTOPPED(status));
    CHECK(is_slot_held(fd, "worker-01"));
    CHECK_FALSE(lock_slot(fd, "worker-01").ok());
    ::kill(child, SIGKILL);
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK_FALSE(is_slot_held(fd, "worker-01"));
    CHECK(lock_slot(fd, "worker-01").ok());
}

TEST_CASE("only files of slots are listed, in order, and no more than the limit") {
    const TemporaryDirectory path;
    for (const char* file :
         {"b.slot", "a.slot", "a.lock", "c.slot.new", "d.damaged", ".slot", "x y.slot"}) {
        write_file(path / file, "");
    }
    const auto directory = open_state_directory(path.path());
    CHECK(list_slots(directory.value().get()).value() == std::vector<std::string>{"a", "b"});
    for (std::size_t i = 0; i < kMaxSlots; ++i)
        write_file(path / ("z" + std::to_string(i) + ".slot"), "");
    CHECK(list_slots(directory.value().get()).value().size() == kMaxSlots);
}

TEST_CASE("a slot's file is replaced as a whole, over what a killed writer left") {
    const TemporaryDirectory path;
    const auto directory = open_state_directory(path.path());
    const int fd = directory.value().get();
    write_file(path / "worker-01.slot", "old");
    write_file(path / "worker-01.new", "left behind");
    const auto content = std::make_unique<Slot>();
    content->worker.pid = 42;
    const Result<MappedSlot> mapped = replace_slot(fd, "worker-01", *content);
    REQUIRE(mapped.ok());
    CHECK(mapped.value().get()->worker.pid == 42);
    CHECK(read_file(path / "worker-01.slot").size() == sizeof(Slot));
    CHECK(count_files(path.path()) == 1);
    CHECK_FALSE(is_slot_gone(path.path(), "worker-01", mapped.value().inode()));

    mapped.value().get()->worker.pid = 43;
    const Result<MappedSlot> again = map_slot(fd, "worker-01");
    REQUIRE(again.ok());
    CHECK(again.value().get()->worker.pid == 43);

    REQUIRE(set_slot_aside(fd, "worker-01").ok());
    CHECK(is_slot_gone(path.path(), "worker-01", mapped.value().inode()));
    CHECK(is_slot_gone(path / "none", "worker-01", mapped.value().inode()));
    CHECK(read_file(path / "worker-01.damaged").size() == sizeof(Slot));
}

TEST_CASE("a slot that cannot be put into its place leaves nothing behind") {
    const TemporaryDirectory path;
    const auto directory = open_state_directory(path.path());
    REQUIRE(::mkdir((path / "worker-01.slot").c_str(), 0700) == 0);
    CHECK_FALSE(replace_slot(directory.value().get(), "worker-01", Slot{}).ok());
    CHECK(count_files(path.path()) == 1);
}

TEST_CASE("what does not exist is an error that names it") {
    const TemporaryDirectory path;
    CHECK(open_state_directory(path / "none").error().message.find(path / "none") !=
          std::string::npos);
    const auto directory = open_state_directory(path.path());
    const int fd = directory.value().get();
    CHECK(map_slot(fd, "worker-01").error().message == "worker-01.slot: No such file or directory");
    CHECK_FALSE(set_slot_aside(fd, "worker-01").ok());
}
