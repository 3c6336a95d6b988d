#include "appcore/store/recorder.hpp"

#include "appcore/store/slot_content.hpp"
#include "store/slot_fixture.hpp"

using namespace slot_fixture;  // NOLINT(google-build-using-namespace)

namespace {

Word worker_word(const std::string& directory, std::size_t field) {
    return read(directory).image.worker(field);
}

constexpr std::size_t kPidField = 0;
constexpr std::size_t kStartsField = 2;
constexpr std::size_t kHealthField = 3;
constexpr std::size_t kBusyField = 4;
constexpr std::size_t kActivityField = 5;

}  // namespace

TEST_CASE("a recorded request is in all its numbers") {
    const TemporaryDirectory directory;
    Recorder recorder(options(directory.path()));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    CHECK(recorder.is_attached());
    recorder.record_request(prediction(RequestKey{{1, 2}}));
    recorder.record_request(health_check(5ms));  // bounds are inclusive
    recorder.record_request(health_check(5ms + 1ns));
    recorder.record_request(health_check(11s));
    recorder.record_request(health_check(-1ms));  // counted as 0

    const Totals totals = totals_of(directory.path());
    CHECK(count(totals, http::Method::post, http::Endpoint::predict, 201) == 1);
    CHECK(health_checks(totals) == 4);
    const RequestCell& cell = totals.cell(0, 0);
    CHECK(cell.buckets == buckets({{5ms, 1}, {5ms + 1ns, 1}, {11s, 1}, {0ms, 1}}));
    CHECK(cell.sum_ns == 11'010'000'001);
    REQUIRE(totals.models.size() == 2);
    CHECK(totals.models[0].version == "v1.0");
    CHECK(totals.models[0].cell.outcomes == std::array<Word, 2>{1, 0});
    CHECK(totals.models[0].cell.buckets == buckets({{2ms, 1}}));
    CHECK(totals.models[0].cell.sum_ns == 2'000'000);
    CHECK(totals.models[1].version == "other");
}

TEST_CASE("what a request waited is counted where it is known, and its latency always") {
    const TemporaryDirectory directory;
    Recorder recorder(options(directory.path()));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    RequestRecord waited = prediction();  // 7 ms
    waited.wait = 100ms;
    recorder.record_request(waited);
    recorder.record_request(prediction());
    const WaitCell cell = totals_of(directory.path()).waits[2];
    CHECK(cell.wait.sum_ns == 100'000'000);
    CHECK(cell.wait.buckets == buckets({{100ms, 1}}));
    CHECK(cell.latency.sum_ns == 114'000'000);
    CHECK(cell.latency.buckets == buckets({{107ms, 1}, {7ms, 1}}));
}

TEST_CASE("a status that is not in the list is counted as other") {
    const TemporaryDirectory directory;
    Recorder recorder(options(directory.path()));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    recorder.record_request({http::Method::get, http::Endpoint::other, 299, 1ms, std::nullopt, {}});
    CHECK(count(totals_of(directory.path()), http::Method::get, http::Endpoint::other, 299) == 1);
}

TEST_CASE("the next holder of a slot continues its counts") {
    const TemporaryDirectory directory;
    for (Word i = 1; i <= 1000; ++i) {
        Recorder recorder(options(directory.path(), "worker-01", static_cast<pid_t>(1000 + i)));
        REQUIRE_FALSE(recorder.maintain(kNoon));
        recorder.record_request(health_check());
        if (i % 100 != 0) continue;
        CHECK(health_checks(totals_of(directory.path())) == i);
        CHECK(worker_word(directory.path(), kStartsField) == i);
        CHECK(worker_word(directory.path(), kPidField) == 1000 + i);
    }
    CHECK(count_files(directory.path()) == 2);  // slot and lock, however often it started
}

TEST_CASE("the state of a worker is that of its current process") {
    const TemporaryDirectory directory;
    {
        Recorder recorder(options(directory.path()));
        REQUIRE_FALSE(recorder.maintain(kNoon));
        recorder.set_health(true);
        recorder.begin_request(system::SteadyTime{5s});
        CHECK(worker_word(directory.path(), kHealthField) == 1);
        CHECK(worker_word(directory.path(), kBusyField) == 5'000'000'000);
        recorder.end_request(system::SteadyTime{6s});
        CHECK(worker_word(directory.path(), kBusyField) == 0);
        CHECK(worker_word(directory.path(), kActivityField) == 6'000'000'000);
        recorder.begin_request(system::SteadyTime{7s});
    }
    Recorder next(options(directory.path()));
    next.set_health(false);
    REQUIRE_FALSE(next.maintain(kNoon));
    CHECK(worker_word(directory.path(), kHealthField) == 2);
    CHECK(worker_word(directory.path(), kBusyField) == 0);
    CHECK(worker_word(directory.path(), kActivityField) == 0);
}

TEST_CASE("a damaged slot is set aside and counted, and counting starts again") {
    const TemporaryDirectory directory;
    const std::string path = directory / "worker-01.slot";
    {
        Recorder recorder(options(directory.path()));
        REQUIRE_FALSE(recorder.maintain(kNoon));
        recorder.record_request(health_check());
    }
    std::string bytes = read_file(path);
    SECTION("cut short") {
        bytes.resize(1000);
    }
    SECTION("empty") {
        bytes.clear();
    }
    SECTION("noise in the header") {
        bytes[3] ^= 1;
    }
    SECTION("a flipped bit in a count") {
        bytes[offsetof(Slot, requests) + 8] ^= 4;
    }
    write_file(path, bytes);

    for (Word i = 1; i <= 3; ++i) {
        Recorder recorder(options(directory.path()));
        REQUIRE_FALSE(recorder.maintain(kNoon));
        recorder.record_request(health_check());
        CHECK(event(totals_of(directory.path()), metric::Event::damaged_set_aside) == 1);
        CHECK(health_checks(totals_of(directory.path())) == i);
    }
    CHECK(read_file(directory / "worker-01.damaged") == bytes);
    CHECK(count_files(directory.path()) == 3);  // slot, lock, damaged
}

TEST_CASE("a slot of another layout is taken over with its counts, its starts and its keys") {
    const TemporaryDirectory directory;
    write_words(directory / "worker-01.slot", make_other_slot());
    {
        Recorder recorder(options(directory.path()));
        REQUIRE_FALSE(recorder.maintain(kNoon));
        recorder.record_request(prediction());
    }
    const Totals totals = totals_of(directory.path());
    CHECK(count(totals, http::Method::post, http::Endpoint::predict, 201) == 4);
    CHECK(count(totals, http::Method::other, http::Endpoint::other, 299) == 1);
    CHECK(event(totals, metric::Event::layout_migrated) == 2);  // one was in the old slot
    REQUIRE(totals.models.size() == 3);
    CHECK(totals.models[0].version == "v0.9");
    CHECK(totals.models[0].cell.outcomes == std::array<Word, 2>{1, 1});
    CHECK(totals.models[1].version == "v1.0");
    CHECK(totals.models[1].cell.outcomes == std::array<Word, 2>{1, 0});
    const SlotImage image = read(directory.path()).image;
    CHECK(image.has_current_layout());
    CHECK(image.header().lineage == std::array<Word, 2>{11, 22});
    CHECK(image.worker(kStartsField) == 6);
    CHECK(image.words[image.layout->keys] == 0xabc);
    CHECK(count_files(directory.path()) == 2);
}

// The version that finds the last entry, of "v0", "v1" and so on.
const std::string kLastKnown = "v" + std::to_string(kModelEntries - 2);

TEST_CASE("each model version counts for itself, and those that find no entry as other") {
    const TemporaryDirectory directory;
    // What was counted before the slot was there makes a new file.
    const bool counts_before = GENERATE(false, true);
    for (std::size_t i = 0; i < kModelEntries + 4; ++i) {
        Recorder recorder(with_model(directory.path(), "v" + std::to_string(i)));
        if (counts_before) recorder.record_request(prediction());
        REQUIRE_FALSE(recorder.maintain(kNoon));
        if (!counts_before) recorder.record_request(prediction());
    }
    {
        Recorder known(with_model(directory.path(), kLastKnown));
        REQUIRE_FALSE(known.maintain(kNoon));
        known.record_request(prediction());
    }
    Totals totals = totals_of(directory.path());
    CHECK(totals.models.size() == kModelEntries);
    CHECK(totals.models.front().version == "v0");
    CHECK(totals.model("v0").outcomes[0] == 1);
    CHECK(totals.model(kLastKnown).outcomes[0] == 2);
    CHECK(totals.model("other").outcomes[0] == 5);
}

TEST_CASE("a worker whose version has no entry takes its predictions back from other") {
    const TemporaryDirectory directory;
    fill_models(directory.path(), "v1", "v");
    Recorder recorder(with_model(directory.path(), "late"));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    recorder.record_request(prediction());
    recorder.record_request(prediction());
    recorder.retract_request(prediction());
    CHECK(totals_of(directory.path()).model("other").outcomes[0] == 1);
}

TEST_CASE("a slot that remembers more model versions than this build is taken over") {
    const TemporaryDirectory directory;
    std::string layout = kOtherLayout;
    const std::string_view models = "models 96 9\nend 114 0\n";
    constexpr std::size_t kVersions = kModelEntries + 4;
    constexpr std::size_t kEnd = 96 + 9 * kVersions;
    layout.replace(layout.find(models), models.size(),
                   "models 96 9\nend " + std::to_string(kEnd) + " 0\n");
    std::vector<Word> words = make_words(layout, kEnd);
    for (std::size_t i = 0; i < kVersions; ++i) {
        const auto entry = words.begin() + 96 + static_cast<std::ptrdiff_t>(9 * i);
        std::ranges::copy(pack_name("v" + std::to_string(i)), entry);
        std::ranges::copy(std::vector<Word>{1'000, 1, 0, 0, 1}, entry + kNameWords);
    }
    write_words(directory / "worker-01.slot", words);
    for (const std::string& version :
         {std::string("v0"), "v" + std::to_string(kVersions - 1), std::string("new")}) {
        Recorder recorder(with_model(directory.path(), version));
        REQUIRE_FALSE(recorder.maintain(kNoon));
        recorder.record_request(prediction());
    }
    Totals totals = totals_of(directory.path());
    CHECK(totals.models.size() == kModelEntries);
    CHECK(totals.model("v0").outcomes[0] == 2);
    CHECK(totals.model(kLastKnown).outcomes[0] == 1);
    CHECK(totals.model("other").outcomes[0] == 5 + 2);
}

TEST_CASE("a worker without a model version counts under other") {
    const TemporaryDirectory directory;
    RecorderOptions without_model = options(directory.path());
    without_model.model_version = "";
    Recorder recorder(without_model);
    REQUIRE_FALSE(recorder.maintain(kNoon));
    recorder.record_request(prediction());
    CHECK(totals_of(directory.path()).model("other").outcomes[0] == 1);
}

TEST_CASE("a request that is taken back leaves every number as if it had never been") {
    const TemporaryDirectory directory;
    Recorder recorder(options(directory.path()));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    recorder.record_request(prediction());
    const Totals before = totals_of(directory.path());
    RequestRecord other = prediction(RequestKey{{1, 2}});
    other.duration = 3s;
    other.wait = 40ms;
    recorder.record_request(other);
    recorder.retract_request(other);
    const Totals after = totals_of(directory.path());
    for (std::size_t i = 0; i < appcore::http::kMethodNames.size() * appcore::http::kEndpointCount;
         ++i) {
        CHECK(after.requests[i].sum_ns == before.requests[i].sum_ns);
        CHECK(after.requests[i].buckets == before.requests[i].buckets);
        CHECK(after.requests[i].replies == before.requests[i].replies);
    }
    for (std::size_t i = 0; i < appcore::http::kEndpointCount; ++i) {
        CHECK(after.waits[i].wait.sum_ns == before.waits[i].wait.sum_ns);
        CHECK(after.waits[i].wait.buckets == before.waits[i].wait.buckets);
        CHECK(after.waits[i].latency.sum_ns == before.waits[i].latency.sum_ns);
        CHECK(after.waits[i].latency.buckets == before.waits[i].latency.buckets);
    }
    CHECK(after.models[0].cell.outcomes == before.models[0].cell.outcomes);
    CHECK(after.models[0].cell.buckets == before.models[0].cell.buckets);
    CHECK(after.models[0].cell.sum_ns == before.models[0].cell.sum_ns);
    CHECK(pending_key(read(directory.path()).image).empty());
}

TEST_CASE("a request is pending until its reply has been delivered") {
    const TemporaryDirectory directory;
    Recorder recorder(options(directory.path()));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    recorder.record_request(prediction(RequestKey{{1, 2}}));
    CHECK(pending_key(read(directory.path()).image) == RequestKey{{1, 2}});
    recorder.request_delivered();
    CHECK(pending_key(read(directory.path()).image).empty());
}

TEST_CASE("a slot says up to where the lines in its ring count, to the next holder, too") {
    const TemporaryDirectory directory;
    {
        Recorder recorder(options(directory.path()));
        REQUIRE_FALSE(recorder.maintain(kNoon));
        recorder.use_log_ring(7);
        RequestRecord record = prediction();
        record.log_position = 300;
        recorder.record_request(record);
    }
    Recorder next(options(directory.path()));
    REQUIRE_FALSE(next.maintain(kNoon));
    CHECK(next.log_mark().identity == 7);
    CHECK(next.log_mark().position == 300);
    next.use_log_ring(7);
    CHECK(next.log_mark().position == 300);
    next.use_log_ring(8);
    CHECK(next.log_mark().position == 0);
}
