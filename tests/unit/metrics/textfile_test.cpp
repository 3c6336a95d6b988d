#include "appcore/metrics/textfile.hpp"

#include <sys/stat.h>

#include <thread>

#include "small_file_system.hpp"
#include "store/slot_fixture.hpp"

using namespace appcore::metrics;  // NOLINT(google-build-using-namespace)
using namespace slot_fixture;      // NOLINT(google-build-using-namespace)

namespace {

struct stat status_of(const std::string& path) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status;
}

// Makes the file an hour old.
void age(const std::string& path) {
    const std::array<timespec, 2> times{{{::time(nullptr) - 3600, 0}, {::time(nullptr) - 3600, 0}}};
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times.data(), 0) == 0);
}

}  // namespace

TEST_CASE("the text is the file's content, readable by everyone, and nothing else is left") {
    const TemporaryDirectory directory;
    const std::string path = directory / "appcore.prom";
    Textfile file(directory.path());
    REQUIRE(file.publish("a 1.0\n").ok());
    CHECK(read_file(path) == "a 1.0\n");
    CHECK((status_of(path).st_mode & 07777U) == 0644);
    REQUIRE(file.publish("a 2.0\n").ok());
    CHECK(read_file(path) == "a 2.0\n");
    CHECK(count_files(directory.path()) == 1);
}

TEST_CASE("an unchanged text is not written again, but the file stays young") {
    const TemporaryDirectory directory;
    const std::string path = directory / "appcore.prom";
    Textfile file(directory.path());
    REQUIRE(file.publish("a 1.0\n").ok());
    const ino_t inode = status_of(path).st_ino;
    age(path);
    REQUIRE(file.publish("a 1.0\n").ok());
    CHECK(status_of(path).st_ino == inode);
    CHECK(::time(nullptr) - status_of(path).st_mtime < 60);
}

TEST_CASE("a file that somebody removed, replaced or cut is written again") {
    const TemporaryDirectory directory;
    const std::string path = directory / "appcore.prom";
    Textfile file(directory.path());
    REQUIRE(file.publish("a 1.0\n").ok());
    SECTION("removed") {
        std::filesystem::remove(path);
    }
    SECTION("cut") {
        write_file(path, "");
    }
    SECTION("replaced") {
        write_file(directory / "other", "b 1.0\n");
        std::filesystem::rename(directory / "other", path);
    }
    REQUIRE(file.publish("a 1.0\n").ok());
    CHECK(read_file(path) == "a 1.0\n");
}

TEST_CASE("a reader never sees a part of a text") {
    const TemporaryDirectory directory;
    const std::string path = directory / "appcore.prom";
    const std::string first(100'000, 'a');
    const std::string second(100'000, 'b');
    Textfile file(directory.path());
    REQUIRE(file.publish(first).ok());
    bool is_whole = true;
    std::thread reader([&] {
        for (int i = 0; i < 300; ++i) {
            const std::string text = read_file(path);
            is_whole = is_whole && (text == first || text == second);
        }
    });
    for (int i = 0; i < 300; ++i) CHECK(file.publish(i % 2 == 0 ? second : first).ok());
    reader.join();
    CHECK(is_whole);
}

TEST_CASE("what a killed predecessor left is removed, what belongs to others is not") {
    const TemporaryDirectory directory;
    write_file(directory / ".appcore.prom.Ab12Cd", "half");
    write_file(directory / "other.prom", "b 1.0\n");
    write_file(directory / ".appcore.prom.notes", "kept");
    Textfile file(directory.path());
    REQUIRE(file.publish("a 1.0\n").ok());
    CHECK(count_files(directory.path()) == 3);
    CHECK_FALSE(std::filesystem::exists(directory / ".appcore.prom.Ab12Cd"));
}

TEST_CASE("publishing fails without a directory, and succeeds when there is one") {
    const TemporaryDirectory parent;
    Textfile file(parent / "text");
    const Status status = file.publish("a 1.0\n");
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().message ==
          "textfile directory " + (parent / "text") + ": No such file or directory");
    REQUIRE(::mkdir((parent / "text").c_str(), 0700) == 0);
    CHECK(file.publish("a 1.0\n").ok());
}

TEST_CASE("on a full file system the last whole text stays") {
    const SmallFileSystem disk;
    if (!disk.is_mounted()) return;
    const std::string path = disk.path() + "/appcore.prom";
    Textfile file(disk.path());
    REQUIRE(file.publish("a 1.0\n").ok());
    disk.fill();
    const Status status = file.publish("a 2.0\n");
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().message == path + ": No space left on device");
    CHECK(read_file(path) == "a 1.0\n");
    CHECK(count_files(disk.path()) == 2);
    disk.make_space();
    CHECK(file.publish("a 2.0\n").ok());
    CHECK(read_file(path) == "a 2.0\n");
}
