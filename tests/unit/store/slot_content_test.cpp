#include "appcore/store/slot_content.hpp"

#include "appcore/store/journal.hpp"
#include "store/slot_fixture.hpp"

using namespace slot_fixture;  // NOLINT(google-build-using-namespace)

TEST_CASE("a new slot is intact and empty") {
    const auto slot = make_slot(100, system::WallTime{1'700'000'000s});
    const Word* const words = words_of(*slot);
    const Result<SlotImage> image = decode_slot({words, words + kSlotWords});
    REQUIRE(image.ok());
    CHECK(image.value().has_current_layout());
    CHECK(image.value().header().lineage == std::array<Word, 2>{1'700'000'000'000'000, 100});
    CHECK(image.value().worker(2) == 1);  // starts
    const Result<Totals> totals = read_totals(image.value());
    REQUIRE(totals.ok());
    CHECK(totals.value().empty());
}

TEST_CASE("a successor keeps lineage, starts and as many keys as it has room for") {
    const auto slot = make_slot(100, system::WallTime{1'700'000'000s});
    for (std::size_t i = 0; i + 1 < kOrphanedKeys; ++i) slot->keys[i] = {7, i};
    const Result<SlotImage> found = decode_slot(make_other_slot());
    REQUIRE(found.ok());
    inherit(found.value(), *slot);
    CHECK(slot->header.lineage == std::array<Word, 2>{11, 22});
    CHECK(slot->worker.starts == 6);
    CHECK(slot->events[2] == 1);
    CHECK(slot->keys.front() == std::array<Word, 2>{7, 0});
    CHECK(slot->keys.back() == std::array<Word, 2>{0xabc, 0xdef});
    inherit(found.value(), *slot);
    CHECK(slot->keys.front() == std::array<Word, 2>{7, 0});
}

TEST_CASE("a successor never has a count that its own successor would refuse") {
    const auto slot = make_slot(100, system::WallTime{1'700'000'000s});
    slot->events[2] = kMaxCount;  // layout_migrated
    const Result<SlotImage> found = decode_slot(make_other_slot());
    REQUIRE(found.ok());
    inherit(found.value(), *slot);
    CHECK(slot->events[2] == kMaxCount);
}

TEST_CASE("a successor in a new file knows up to where its predecessor's log lines count") {
    const auto before = make_slot(100, system::WallTime{1'700'000'000s});
    before->worker.log_ring = 5;
    before->worker.log_position = 77;
    const Word* const words = words_of(*before);
    const Result<SlotImage> found = decode_slot({words, words + kSlotWords});
    REQUIRE(found.ok());
    const auto slot = make_slot(200, system::WallTime{1'700'000'001s});
    inherit(found.value(), *slot);
    CHECK(slot->worker.log_ring == 5);
    CHECK(slot->worker.log_position == 77);
}
