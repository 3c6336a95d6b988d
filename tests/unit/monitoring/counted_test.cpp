#include "appcore/monitoring/counted.hpp"

#include "slot_fixture.hpp"

using namespace slot_fixture;  // NOLINT(google-build-using-namespace)

TEST_CASE(
    "the last requests of all slots are known to be counted, of living workers and dead ones") {
    const TemporaryDirectory directory;
    {
        Recorder dead(options(directory.path()));
        REQUIRE_FALSE(dead.maintain(noon));
        dead.record_request(prediction(RequestKey{{1, 1}}));
    }
    Recorder living(options(directory.path(), "worker-02"));
    REQUIRE_FALSE(living.maintain(noon));
    for (Word i = 1; i <= recent_keys + 1; ++i)
        living.record_request(prediction(RequestKey{{2, i}}));

    CHECK(already_counted(directory.path(), RequestKey{{1, 1}}));
    CHECK_FALSE(already_counted(directory.path(), RequestKey{{2, 1}}));  // too long ago
    for (Word i = 2; i <= recent_keys + 1; ++i) {
        CHECK(already_counted(directory.path(), RequestKey{{2, i}}));
    }
    CHECK_FALSE(already_counted(directory.path(), RequestKey{{3, 1}}));
}

TEST_CASE("a new holder does not at once forget what its predecessor counted") {
    const TemporaryDirectory directory;
    {
        Recorder dead(options(directory.path()));
        REQUIRE_FALSE(dead.maintain(noon));
        dead.record_request(prediction(RequestKey{{1, 1}}));
    }
    Recorder next(options(directory.path()));
    REQUIRE_FALSE(next.maintain(noon));
    next.record_request(prediction(RequestKey{{1, 2}}));
    CHECK(already_counted(directory.path(), RequestKey{{1, 1}}));
}

TEST_CASE("a request without a key, or without a directory, is not counted yet") {
    const TemporaryDirectory directory;
    Recorder recorder(options(directory.path()));
    REQUIRE_FALSE(recorder.maintain(noon));
    recorder.record_request(health_check());
    CHECK_FALSE(already_counted(directory.path(), RequestKey{}));
    CHECK_FALSE(already_counted(directory / "none", RequestKey{{1, 1}}));
}

TEST_CASE("damaged slots do not hide what the others have counted") {
    const TemporaryDirectory directory;
    write_file(directory / "a.slot", "noise");
    Recorder recorder(options(directory.path()));
    REQUIRE_FALSE(recorder.maintain(noon));
    recorder.record_request(prediction(RequestKey{{1, 1}}));
    CHECK(already_counted(directory.path(), RequestKey{{1, 1}}));
}
