// A worker whose slot is not to be had: held by another, no directory, no space, no right to write.
#include <sys/stat.h>

#include <thread>

#include "appcore/store/recorder.hpp"
#include "small_file_system.hpp"
#include "store/slot_fixture.hpp"

using namespace slot_fixture;  // NOLINT(google-build-using-namespace)

namespace {

constexpr std::size_t kStartsField = 2;

Word starts(const std::string& directory) {
    return read(directory).image.worker(kStartsField);
}

}  // namespace

TEST_CASE("a process that starts waits for a slot that somebody looks after") {
    const TemporaryDirectory directory;
    const auto state = store::open_state_directory(directory.path());
    REQUIRE(state);
    auto lock = store::lock_slot(state.value().get(), "worker-01");
    REQUIRE(lock);
    RecorderOptions patient = options(directory.path());
    patient.first_wait = 60s;
    Recorder recorder(patient);
    std::thread looks_after([held = std::move(lock).value()]() mutable {
        std::this_thread::sleep_for(300ms);
        held = {};
    });
    CHECK_FALSE(recorder.maintain(kNoon));
    looks_after.join();
    CHECK(recorder.is_attached());
}

TEST_CASE("a slot that another process holds is refused, and what was counted is added later") {
    const TemporaryDirectory directory;
    Recorder late(options(directory.path(), "worker-01", 200));
    {
        Recorder first(options(directory.path()));
        REQUIRE_FALSE(first.maintain(kNoon));
        first.record_request(health_check());
        const auto error = late.maintain(kNoon);
        REQUIRE(error);
        CHECK(error->message == "slot worker-01 is held by another process");
        late.record_request(prediction());
        late.record_request(health_check());
    }
    CHECK_FALSE(late.maintain(kNoon + 59s));
    CHECK_FALSE(late.is_attached());
    CHECK_FALSE(late.maintain(kNoon + 60s));
    CHECK(late.is_attached());
    late.record_request(health_check());
    const Totals totals = totals_of(directory.path());
    CHECK(health_checks(totals) == 3);
    CHECK(count(totals, http::Method::post, http::Endpoint::predict, 201) == 1);
    constexpr auto kHealth = static_cast<std::size_t>(http::Endpoint::health);
    CHECK(totals.waits[kHealth].latency.sum_ns == 3'000'000);
    CHECK(event(totals, metric::Event::attach_failed) == 1);
    CHECK(starts(directory.path()) == 2);
}

TEST_CASE("without a state directory a worker counts on, and adds it when there is one") {
    const TemporaryDirectory parent;
    const std::string path = parent / "state";
    Recorder recorder(options(path));
    const auto error = recorder.maintain(kNoon);
    REQUIRE(error);
    CHECK(error->message == "state directory " + path + ": No such file or directory");
    recorder.record_request(health_check());
    REQUIRE(::mkdir(path.c_str(), 0700) == 0);
    CHECK(recorder.attach().ok());
    recorder.record_request(health_check());
    CHECK(health_checks(totals_of(path)) == 2);
}

TEST_CASE("a slot whose directory vanishes while it is held comes back with all its counts") {
    const TemporaryDirectory parent;
    const std::string path = parent / "state";
    REQUIRE(::mkdir(path.c_str(), 0700) == 0);
    Recorder recorder(options(path));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    recorder.record_request(health_check());
    const auto lineage = read(path).image.header().lineage;
    std::filesystem::remove_all(path);
    recorder.record_request(health_check());
    CHECK(recorder.maintain(kNoon + 1min));
    recorder.record_request(health_check());
    REQUIRE(::mkdir(path.c_str(), 0700) == 0);
    CHECK_FALSE(recorder.maintain(kNoon + 2min));
    recorder.record_request(health_check());
    CHECK(health_checks(totals_of(path)) == 4);
    CHECK(read(path).image.header().lineage == lineage);
    CHECK(starts(path) == 1);
}

TEST_CASE("a name that no slot can have is refused") {
    const TemporaryDirectory directory;
    Recorder recorder(options(directory.path(), "../evil"));
    CHECK(recorder.maintain(kNoon)->message == "no name for a slot: ../evil");
    CHECK(count_files(directory.path()) == 0);
}

TEST_CASE("on a full file system a worker counts on, and adds it when there is space") {
    const SmallFileSystem disk;
    if (!disk.is_mounted()) return;
    disk.fill();
    Recorder recorder(options(disk.path()));
    const auto error = recorder.maintain(kNoon);
    REQUIRE(error);
    CHECK(error->message == "worker-01.new: No space left on device");
    recorder.record_request(health_check());
    CHECK(recorder.maintain(kNoon + 1min));
    disk.make_space();
    CHECK_FALSE(recorder.maintain(kNoon + 2min));
    recorder.record_request(health_check());
    CHECK(health_checks(totals_of(disk.path())) == 2);
    CHECK(event(totals_of(disk.path()), metric::Event::attach_failed) == 2);
}

TEST_CASE("a file system that fills up does not stop the holder of a slot, nor the next one") {
    const SmallFileSystem disk;
    if (!disk.is_mounted()) return;
    for (int i = 0; i < 2; ++i) {
        Recorder recorder(options(disk.path()));
        REQUIRE_FALSE(recorder.maintain(kNoon));
        if (i == 0) disk.fill();
        recorder.record_request(health_check());
        recorder.record_request(prediction());
    }
    CHECK(health_checks(totals_of(disk.path())) == 2);
}

TEST_CASE("a slot with a hole on a full file system is an error and no crash") {
    const SmallFileSystem disk;
    if (!disk.is_mounted()) return;
    CHECK_FALSE(Recorder(options(disk.path())).maintain(kNoon));
    // A page of zero counts, which the slot is intact without.
    const int fd = ::open((disk.path() + "/worker-01.slot").c_str(), O_RDWR | O_CLOEXEC);
    REQUIRE(::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 8192, 16384) == 0);
    ::close(fd);
    disk.fill();
    Recorder recorder(options(disk.path()));
    const auto error = recorder.maintain(kNoon);
    REQUIRE(error);
    CHECK(error->message == "worker-01.slot: No space left on device");
    for (std::size_t method = 0; method < http::kMethodNames.size(); ++method) {
        RequestRecord record = health_check();
        record.method = static_cast<http::Method>(method);
        recorder.record_request(record);
    }
    disk.make_space();
    CHECK(recorder.attach().ok());
    CHECK(health_checks(totals_of(disk.path())) == 1);
}

TEST_CASE("in a read-only directory a worker counts on, and adds it when it is writable") {
    SmallFileSystem disk;
    if (!disk.is_mounted()) return;
    disk.set_read_only(true);
    Recorder recorder(options(disk.path()));
    const auto error = recorder.maintain(kNoon);
    REQUIRE(error);
    CHECK(error->message == "worker-01.lock: Read-only file system");
    recorder.record_request(health_check());
    disk.set_read_only(false);
    CHECK(recorder.attach().ok());
    CHECK(health_checks(totals_of(disk.path())) == 1);
}

TEST_CASE("at its end a worker takes what it counted in a directory that is gone to the new one") {
    const TemporaryDirectory directory;
    const std::string state = directory / "state";
    std::filesystem::create_directory(state);
    Recorder recorder(options(state));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    recorder.record_request(health_check());
    std::filesystem::rename(state, directory / "away");
    std::filesystem::create_directory(state);
    recorder.record_request(health_check());
    REQUIRE(recorder.attach().ok());
    CHECK(health_checks(totals_of(state)) == 2);
}

TEST_CASE("a slot of other model versions, put in the place of a worker's, leaves it its entry") {
    const TemporaryDirectory directory;
    const TemporaryDirectory backup;
    fill_models(directory.path(), "live", "new-");
    fill_models(backup.path(), GENERATE("live", "old-1"), "old-");
    const Word before = totals_of(backup.path()).model("live").outcomes[0];
    Recorder recorder(with_model(directory.path(), "live"));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    for (int i = 0; i < 5; ++i) recorder.record_request(prediction());
    std::filesystem::rename(backup / "worker-01.slot", directory / "worker-01.slot");
    REQUIRE(recorder.attach().ok());
    recorder.record_request(prediction());
    Totals totals = totals_of(directory.path());
    CHECK(totals.models.size() == kModelEntries);
    CHECK(totals.model("live").outcomes[0] == before + 1 + 5 + 1);
    CHECK(totals.model("new-15").outcomes[0] == 1);
    CHECK(totals.model("other").outcomes[0] == kModelEntries - 1 - before);
    CHECK(count(totals, http::Method::post, http::Endpoint::predict, 201) ==
          2 * (kModelEntries - 1) + 5 + 1);
}

TEST_CASE("a worker whose own counts have become impossible goes on without them") {
    const TemporaryDirectory directory;
    const std::string file = directory / "worker-01.slot";
    Recorder recorder(options(directory.path()));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    recorder.record_request(prediction());
    {
        std::fstream damaged(file, std::ios::binary | std::ios::in | std::ios::out);
        damaged.seekp(offsetof(Slot, models) + offsetof(ModelEntry, cell) + sizeof(Word));
        damaged << "noise";
    }
    std::filesystem::remove(file);
    REQUIRE(recorder.attach().ok());
    recorder.record_request(prediction());
    CHECK(totals_of(directory.path()).model("v1.0").outcomes[0] == 1);
}

TEST_CASE("a full slot counts what a worker brings of a version without an entry as other") {
    const TemporaryDirectory directory;
    fill_models(directory.path(), "v1", "v");
    Recorder recorder(with_model(directory.path(), "late"));
    recorder.record_request(prediction());
    REQUIRE_FALSE(recorder.maintain(kNoon));
    recorder.record_request(prediction());
    Totals totals = totals_of(directory.path());
    CHECK(totals.model("v1").outcomes[0] == 1);
    CHECK(totals.model("v15").outcomes[0] == 1);
    CHECK(totals.model("other").outcomes[0] == 2);
}

TEST_CASE("a request that hung is counted from another thread, whatever the journal holds") {
    const TemporaryDirectory directory;
    Recorder recorder(options(directory.path()));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    std::thread([&recorder] { recorder.count_timeout(); }).join();
    recorder.record_request(health_check());
    const Totals totals = totals_of(directory.path());
    CHECK(totals.events[static_cast<std::size_t>(metric::Event::request_timeout)] == 1);
    CHECK(health_checks(totals) == 1);
}
