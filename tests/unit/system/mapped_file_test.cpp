#include "appcore/system/mapped_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "catch.hpp"

TEST_CASE("a FIFO is refused instead of waited for") {
    const std::string path = std::filesystem::temp_directory_path() / "appcore-mapped-file-test";
    std::filesystem::remove(path);
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    ::alarm(20);  // ends the tests where it is waited for
    const auto file = appcore::system::MappedFile::open(path, 100);
    ::alarm(0);
    std::filesystem::remove(path);
    REQUIRE_FALSE(file.ok());
    CHECK(file.error().message == path + ": not a regular file");
}
