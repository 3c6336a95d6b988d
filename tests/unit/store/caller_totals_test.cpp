#include "appcore/store/caller_totals.hpp"

#include <memory>
#include <string>

#include "appcore/store/journal.hpp"
#include "appcore/store/slot_content.hpp"
#include "store/slot_fixture.hpp"

using namespace slot_fixture;  // NOLINT(google-build-using-namespace)

namespace {

using Replies = std::array<Word, 4>;

RequestRecord asked_by(std::string_view name, int status = 200) {
    RequestRecord record = health_check();
    record.status = status;
    record.caller = pack_name(name);
    return record;
}

Replies replies_of(const Totals& totals, std::string_view name) {
    Callers callers = totals.callers;
    return caller(callers, name).replies;
}

}  // namespace

TEST_CASE("replies are counted by caller and class of status") {
    const TemporaryDirectory directory;
    Recorder recorder(options(directory.path()));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    for (const int status : {200, 201, 307, 404, 429, 503}) {
        recorder.record_request(asked_by("team", status));
    }
    recorder.record_request(asked_by("batch", 599));
    recorder.record_request(health_check());
    const Totals totals = totals_of(directory.path());
    CHECK(totals.callers.size() == 2);
    CHECK(replies_of(totals, "team") == Replies{2, 1, 2, 1});
    CHECK(replies_of(totals, "batch") == Replies{0, 0, 0, 1});
}

TEST_CASE("a reply that nobody got is taken back from its caller") {
    const TemporaryDirectory directory;
    Recorder recorder(options(directory.path()));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    recorder.record_request(asked_by("team"));
    recorder.record_request(asked_by("team"));
    recorder.retract_request(asked_by("team"));
    CHECK(replies_of(totals_of(directory.path()), "team") == Replies{1, 0, 0, 0});
}

TEST_CASE("callers are counted on by the next worker, in another layout and without a slot") {
    const TemporaryDirectory directory;
    write_words(directory / "worker-01.slot", make_other_slot());
    {
        Recorder recorder(options(directory.path()));
        recorder.record_request(asked_by("team"));  // in its own memory
        REQUIRE_FALSE(recorder.maintain(kNoon));
        recorder.record_request(asked_by("team"));
    }
    Recorder next(options(directory.path(), "worker-01", 101));
    REQUIRE_FALSE(next.maintain(kNoon));
    next.record_request(asked_by("team"));
    CHECK(replies_of(totals_of(directory.path()), "team") == Replies{3, 0, 0, 0});
}

TEST_CASE("callers without a place in the slot are counted as other") {
    const TemporaryDirectory directory;
    Recorder recorder(options(directory.path()));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    for (int i = 0; i < 40; ++i) recorder.record_request(asked_by("n" + std::to_string(i)));
    for (int i = 0; i < 40; ++i) recorder.record_request(asked_by("n" + std::to_string(i), 404));
    recorder.retract_request(asked_by("n39"));
    recorder.record_request(asked_by("other"));
    const Totals totals = totals_of(directory.path());
    CHECK(totals.callers.size() == 32);
    CHECK(replies_of(totals, "n0") == Replies{1, 0, 1, 0});
    CHECK(replies_of(totals, "n30") == Replies{1, 0, 1, 0});
    CHECK(replies_of(totals, "n31") == Replies{});
    CHECK(replies_of(totals, "other") == Replies{9, 0, 9, 0});
}

TEST_CASE("of more callers than a slot has entries the last become other") {
    Callers callers;
    for (Word i = 0; i < 33; ++i) caller(callers, "n" + std::to_string(i)).replies[0] = i + 1;
    caller(callers, "other").replies[0] = 100;
    const auto slot = std::make_unique<Slot>();
    write_callers(callers, *slot);
    CHECK(unpack_name(slot->callers[0].name) == "n0");
    CHECK(slot->callers[0].replies[0] == 1);
    CHECK(unpack_name(slot->callers[30].name) == "n30");
    CHECK(slot->callers[30].replies[0] == 31);
    CHECK(unpack_name(slot->callers[31].name) == "other");
    CHECK(slot->callers[31].replies[0] == 100 + 32 + 33);
}

TEST_CASE("a caller keeps its entry when a worker adds others that it counted without the slot") {
    const TemporaryDirectory directory;
    {
        Recorder first(options(directory.path()));
        REQUIRE_FALSE(first.maintain(kNoon));
        for (int i = 0; i < 31; ++i) first.record_request(asked_by("n" + std::to_string(i)));
    }
    Recorder next(options(directory.path(), "worker-01", 101));
    next.record_request(asked_by("late"));
    REQUIRE_FALSE(next.maintain(kNoon));
    const Totals totals = totals_of(directory.path());
    CHECK(replies_of(totals, "n0") == Replies{1, 0, 0, 0});
    CHECK(replies_of(totals, "n30") == Replies{1, 0, 0, 0});
    CHECK(replies_of(totals, "late") == Replies{});
    CHECK(replies_of(totals, "other") == Replies{1, 0, 0, 0});
}

TEST_CASE("no count of a caller goes down") {
    Totals floor;
    caller(floor.callers, "a").replies = {3, 0, 5, 0};
    caller(floor.callers, "gone").replies = {1, 0, 0, 0};
    Totals now;
    caller(now.callers, "a").replies = {2, 1, 7, 0};
    now.raise_to(floor);
    CHECK(replies_of(now, "a") == Replies{3, 1, 7, 0});
    CHECK(replies_of(now, "gone") == Replies{1, 0, 0, 0});
}

TEST_CASE("callers that cannot be are refused") {
    const auto is_valid = [](auto change) {
        const auto slot = make_slot(100, system::WallTime{});
        write_totals(Totals{}, *slot);
        slot->callers[0].name = pack_name("team");
        change(*slot);
        const Word* const words = words_of(*slot);
        Result<SlotImage> image = decode_slot({words, words + kSlotWords});
        return image && read_totals(image.value());
    };
    CHECK(is_valid([](Slot& slot) { slot.callers[0].replies[1] = kMaxCount; }));
    CHECK_FALSE(is_valid([](Slot& slot) { slot.callers[0].replies[1] = kMaxCount + 1; }));
    CHECK_FALSE(is_valid([](Slot& slot) { slot.callers[1].replies[1] = 1; }));
    CHECK_FALSE(is_valid([](Slot& slot) {
        slot.callers[0].replies[1] = 1;
        slot.callers[0].name.back() = 0x80;
    }));
}
