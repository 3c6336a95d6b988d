#include "appcore/system/process.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appcore/system/file_descriptor.hpp"
#include "catch.hpp"

using namespace appcore::system;

TEST_CASE("a process has memory and open files") {
    const auto before = process_usage(getpid());
    REQUIRE(before);
    CHECK(before->resident_bytes > 500'000);
    CHECK(before->virtual_bytes >= before->resident_bytes);
    const FileDescriptor file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    CHECK(process_usage(getpid())->open_files == before->open_files + 1);
}

TEST_CASE("a process that is gone has nothing") {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    ::waitpid(child, nullptr, 0);
    CHECK_FALSE(process_usage(child));
    CHECK_FALSE(process_usage(-1));
}
