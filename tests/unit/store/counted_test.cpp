#include "appcore/store/counted.hpp"

#include <thread>

#include "store/slot_fixture.hpp"

using namespace slot_fixture;  // NOLINT(google-build-using-namespace)

namespace {

// Leaves the request counted and its reply on the way, as a kill does.
void die_of(const TemporaryDirectory& directory, RequestKey key, pid_t pid = 100) {
    Recorder dead(options(directory.path(), "worker-01", pid));
    REQUIRE_FALSE(dead.maintain(kNoon));
    dead.record_request(prediction(key));
}

}  // namespace

TEST_CASE("a request is counted already if a process died between its count and its reply") {
    const TemporaryDirectory directory;
    die_of(directory, {{1, 1}});
    CHECK(already_counted(directory.path(), {{1, 1}}));
    CHECK_FALSE(already_counted(directory.path(), {{1, 2}}));
    CHECK_FALSE(already_counted(directory.path(), {{2, 1}}));
}

TEST_CASE("a request whose reply was delivered is not looked for") {
    const TemporaryDirectory directory;
    {
        Recorder dead(options(directory.path()));
        REQUIRE_FALSE(dead.maintain(kNoon));
        dead.record_request(prediction({{1, 1}}));
        dead.request_delivered();
    }
    CHECK_FALSE(already_counted(directory.path(), {{1, 1}}));
}

TEST_CASE("what a living process is about to answer is for itself to take back") {
    const TemporaryDirectory directory;
    Recorder living(options(directory.path()));
    REQUIRE_FALSE(living.maintain(kNoon));
    living.record_request(prediction({{1, 1}}));
    CHECK_FALSE(already_counted(directory.path(), {{1, 1}}));
}

TEST_CASE("a process that is just dying is waited for") {
    const TemporaryDirectory directory;
    auto dying = std::make_unique<Recorder>(options(directory.path()));
    REQUIRE_FALSE(dying->maintain(kNoon));
    dying->record_request(prediction({{1, 1}}));
    std::thread end([&dying] {
        std::this_thread::sleep_for(5ms);
        dying.reset();
    });
    CHECK(already_counted(directory.path(), {{1, 1}}));
    end.join();
}

TEST_CASE("successors remember what their predecessors died of, whatever passes meanwhile") {
    const TemporaryDirectory directory;
    for (Word i = 0; i < kOrphanedKeys; ++i)
        die_of(directory, {{1, i}}, static_cast<pid_t>(200 + i));
    Recorder next(options(directory.path()));
    REQUIRE_FALSE(next.maintain(kNoon));
    for (Word i = 0; i < 1000; ++i) {
        next.record_request(prediction({{2, i}}));
        next.request_delivered();
    }
    for (Word i = 0; i < kOrphanedKeys; ++i) CHECK(already_counted(directory.path(), {{1, i}}));
    CHECK_FALSE(already_counted(directory.path(), {{2, 0}}));
}

TEST_CASE("a successor with another layout remembers it, too") {
    const TemporaryDirectory directory;
    write_words(directory / "worker-01.slot", make_other_slot());
    die_of(directory, {{1, 1}});
    Recorder next(options(directory.path(), "worker-01", 200));
    REQUIRE_FALSE(next.maintain(kNoon));
    CHECK(already_counted(directory.path(), {{1, 1}}));
    CHECK(already_counted(directory.path(), {{0xabc, 0xdef}}));  // of the other layout
}

TEST_CASE("a request without a key, or without a directory, is not counted yet") {
    const TemporaryDirectory directory;
    die_of(directory, {});
    CHECK_FALSE(already_counted(directory.path(), RequestKey{}));
    CHECK_FALSE(already_counted(directory / "none", {{1, 1}}));
}

TEST_CASE("damaged slots do not hide what the others have counted") {
    const TemporaryDirectory directory;
    write_file(directory / "a.slot", "noise");
    die_of(directory, {{1, 1}});
    CHECK(already_counted(directory.path(), {{1, 1}}));
}
