#include "appcore/store/journal.hpp"

#include <memory>

#include "catch.hpp"

using namespace appcore::store;  // NOLINT(google-build-using-namespace)

TEST_CASE("a committed transaction has changed its words and left the journal closed") {
    const auto slot = std::make_unique<Slot>();
    slot->events[0] = 5;
    Transaction transaction{*slot};
    transaction.add(slot->events[0], 2);
    transaction.set(slot->worker.pid, 77);
    CHECK(slot->events[0] == 5);
    transaction.commit();
    CHECK(slot->events[0] == 7);
    CHECK(slot->worker.pid == 77);
    CHECK(slot->journal.sequence == 2);
}

TEST_CASE("an open transaction is replayed once, however often replaying is interrupted") {
    const auto slot = std::make_unique<Slot>();
    slot->events[0] = 6;  // already applied
    slot->journal.sequence = 9;
    slot->journal.length = 2;
    slot->journal.entries[0] = {offsetof(Slot, events) / sizeof(Word), 6};
    slot->journal.entries[1] = {offsetof(Slot, worker) / sizeof(Word), 77};
    replay_journal(*slot);
    CHECK(slot->events[0] == 6);
    CHECK(slot->worker.pid == 77);
    CHECK(slot->journal.sequence == 10);
    slot->worker.pid = 78;
    replay_journal(*slot);
    CHECK(slot->worker.pid == 78);
}
