// The journal in every execution that the C++ memory model allows (weak/exploration.hpp).
#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <utility>

#include "appcore/store/journal.hpp"
#include "catch.hpp"
#include "weak/exploration.hpp"

using namespace appcore::store;  // NOLINT(google-build-using-namespace)

namespace {

// The words that the test shares: their places, by the order of this list. What the holder reads of
// its own is in the slot itself.
struct SharedSlot {
    Slot slot{};
    std::array<std::pair<Word*, weak::Place>, 8> places{};

    // A slot without counts, in the memory of this execution.
    void begin() {
        Journal& journal = slot.journal;
        std::size_t i = 0;
        for (Word* const word : {&journal.sequence, &journal.length, &journal.entries[0].word,
                                 &journal.entries[0].value, &journal.entries[1].word,
                                 &journal.entries[1].value, &slot.events[0], &slot.events[1]}) {
            *word = 0;
            places[i++] = {word, weak::make_place(0)};
        }
    }

    [[nodiscard]] bool is_entry(const Word* word) const {
        return word >= &slot.journal.length && word < &slot.worker.pid;
    }

    [[nodiscard]] weak::Place place_of(const Word* word) const {
        for (const auto& [shared, place] : places) {
            if (shared == word) return place;
        }
        throw std::logic_error("a word that the test does not share");
    }
};

SharedSlot* at_hand = nullptr;

struct ModelMemory {
    struct SlotWord {
        Word& word;
        weak::Ref<Word> shared;

        [[nodiscard]] Word load(std::memory_order order) const { return shared.load(order); }
        void store(Word value, std::memory_order order) const {
            shared.store(value, order);
            word = value;
        }
    };
    static SlotWord at(Word& word) { return {word, weak::Ref<Word>(at_hand->place_of(&word))}; }
};

// Reads the words that are shared, and nothing of the others.
struct ModelSource {
    const SharedSlot& shared;
    mutable Word before = 0;

    bool read(void* target, std::size_t size, std::size_t offset) const {
        const auto* const slot = reinterpret_cast<const char*>(&shared.slot);
        for (const auto& [word, place] : shared.places) {
            const auto at = static_cast<std::size_t>(reinterpret_cast<const char*>(word) - slot);
            if (at < offset || at >= offset + size) continue;
            // Nobody looks at entries beside an even sequence: fewer executions, too.
            if (before % 2 == 0 && shared.is_entry(word)) continue;
            const Word value = weak::Ref<Word>(place).load(std::memory_order_relaxed);
            std::memcpy(static_cast<char*>(target) + (at - offset), &value, sizeof value);
            if (word != &shared.slot.journal.sequence) continue;
            // The sequence has moved, so that this reading is not used: fewer executions.
            if (size > sizeof value && value != before) return false;
            before = value;
        }
        return true;
    }
    static void fence() { weak::acquire_fence(); }
};

// Two updates, of one word and of both: 1 and 0, then 3 and 2.
weak::Results write(Slot& slot) {
    BasicTransaction<ModelMemory> one(slot);
    one.set(slot.events[0], 1);
    one.commit();
    BasicTransaction<ModelMemory> both(slot);
    both.set(slot.events[1], 2);
    both.set(slot.events[0], 3);
    both.commit();
    return {};
}

// Both words as one reading finds them; nothing if the sequence has moved meanwhile.
weak::Results read(const SharedSlot& shared) {
    constexpr std::size_t kFirst = offsetof(Slot, events) / sizeof(Word);
    auto words = read_words(ModelSource{.shared = shared}, kFirst + 2, 1);
    if (!words) return {};
    if (!complete_transaction(*words, kFirst + 2)) return {99, 99};
    return {(*words)[kFirst], (*words)[kFirst + 1]};
}

}  // namespace

TEST_CASE("in every order that a processor may make of them, a reading has whole transactions") {
    const auto shared = std::make_unique<SharedSlot>();
    at_hand = shared.get();
    std::array<std::size_t, 3> seen{};  // how often each state was
    std::size_t torn = 0;
    const auto make = [&shared]() -> std::vector<weak::Thread> {
        shared->begin();
        return {[&shared] { return write(shared->slot); }, [&shared] { return read(*shared); }};
    };
    const auto check = [&](const weak::Outcome& outcome) {
        const weak::Results& found = outcome.results[1].value();
        if (found.empty()) return;
        const std::array<weak::Results, 3> states = {{{0, 0}, {1, 0}, {3, 2}}};
        const auto state = std::ranges::find(states, found);
        if (state == states.end()) {
            ++torn;
        } else {
            ++seen[static_cast<std::size_t>(state - states.begin())];
        }
    };
    const std::size_t executions = weak::explore(make, check);
    INFO(executions << " executions");
    CHECK(torn == 0);
    CHECK(std::ranges::count(seen, std::size_t{0}) == 0);
}
