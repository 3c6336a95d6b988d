#include "appcore/store/recorder.hpp"
#include "faults.hpp"
#include "store/slot_fixture.hpp"

using namespace slot_fixture;  // NOLINT(google-build-using-namespace)

namespace {

constexpr auto kLater = 2min;  // maintain() tries again

// What a worker finds in place of its slot, and how many health checks that has counted.
enum class Found { nothing, own_layout, other_model, other_layout, damage };

Word prepare(const std::string& directory, Found found) {
    const std::string path = directory + "/worker-01.slot";
    if (found == Found::own_layout || found == Found::other_model) {
        Recorder before(options(directory));
        REQUIRE_FALSE(before.maintain(kNoon));
        before.record_request(health_check());
        return 1;
    }
    if (found == Found::other_layout) write_words(path, make_other_slot());
    if (found == Found::damage) write_file(path, "no slot");
    return 0;
}

}  // namespace

TEST_CASE("whatever call fails while a slot is taken over, no count is lost and none is made up") {
    const auto kind = GENERATE(faults::Kind::once, faults::Kind::lasting);
    const auto found = GENERATE(Found::nothing, Found::own_layout, Found::other_model,
                                Found::other_layout, Found::damage);
    const bool has_counted = GENERATE(false, true);
    faults::fail_each_call(kind, [&](const faults::Injection& fault) {
        const TemporaryDirectory directory;
        Word expected = prepare(directory.path(), found);
        RecorderOptions worker = options(directory.path(), "worker-01", 200);
        if (found == Found::other_model) worker.model_version = "v2.0";
        Recorder recorder(worker);
        if (has_counted) {
            recorder.record_request(health_check());
            ++expected;
        }
        const auto problem = fault.during([&] { return recorder.maintain(kNoon); });
        INFO(fault.describe());
        REQUIRE(recorder.is_attached() == !problem);
        recorder.record_request(health_check());
        ++expected;
        if (!problem) {
            REQUIRE(health_checks(totals_of(directory.path())) == expected);
        }
        // The fault is over: the worker gets its slot, with everything in it.
        REQUIRE_FALSE(recorder.maintain(kNoon + kLater));
        recorder.record_request(health_check());
        ++expected;
        const Totals totals = totals_of(directory.path());
        REQUIRE(health_checks(totals) == expected);
        REQUIRE(count(totals, http::Method::post, http::Endpoint::predict, 201) ==
                (found == Found::other_layout ? 3 : 0));
        REQUIRE(event(totals, metric::Event::attach_failed) == (problem ? 1 : 0));
        REQUIRE(event(totals, metric::Event::damaged_set_aside) == (found == Found::damage));
    });
}

TEST_CASE("whatever call fails while a slot is looked after, its counts stay as they are") {
    const auto kind = GENERATE(faults::Kind::once, faults::Kind::lasting);
    const bool is_removed = GENERATE(false, true);
    faults::fail_each_call(kind, [&](const faults::Injection& fault) {
        const TemporaryDirectory directory;
        Recorder recorder(options(directory.path()));
        REQUIRE_FALSE(recorder.maintain(kNoon));
        recorder.record_request(health_check());
        if (is_removed) std::filesystem::remove(directory / "worker-01.slot");
        static_cast<void>(fault.during([&] { return recorder.maintain(kNoon + kLater); }));
        INFO(fault.describe());
        recorder.record_request(health_check());
        REQUIRE_FALSE(recorder.maintain(kNoon + 2 * kLater));
        recorder.record_request(health_check());
        REQUIRE(health_checks(totals_of(directory.path())) == 3);
    });
}
