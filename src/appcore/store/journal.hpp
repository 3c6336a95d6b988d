// Updates of several words of a slot that happen entirely or not at all.
#pragma once

#include <atomic>
#include <cassert>
#include <cstddef>

#include "appcore/store/slot_layout.hpp"

namespace appcore::store {

// A word of a slot as readers in other processes may see it change.
[[nodiscard]] inline std::atomic_ref<Word> shared(Word& word) {
    return std::atomic_ref<Word>(word);
}

// The slot's words by index.
[[nodiscard]] inline Word* words_of(Slot& slot) {
    return reinterpret_cast<Word*>(&slot);  // NOLINT: a slot consists of words
}

// One update. Collect it with add() and set(), at most once a word and within the journal's
// capacity, then commit(). Only the slot's holder may use it, one transaction at a time.
class Transaction {
  public:
    explicit Transaction(Slot& slot) : slot_(slot) {}

    void set(Word& word, Word value) {
        assert(length_ < slot_.journal.entries.size());
        JournalEntry& entry = slot_.journal.entries[length_++];
        const auto index = static_cast<Word>(&word - words_of(slot_));
        shared(entry.word).store(index, std::memory_order_relaxed);
        shared(entry.value).store(value, std::memory_order_relaxed);
    }

    void add(Word& word, Word amount) {
        set(word, shared(word).load(std::memory_order_relaxed) + amount);
    }

    // The stores are releases, so that no word changes before the sequence is seen to be odd, and
    // the sequence is not seen to be even before all words have changed.
    void commit() {
        Journal& journal = slot_.journal;
        const Word sequence = shared(journal.sequence).load(std::memory_order_relaxed);
        assert(sequence % 2 == 0);
        shared(journal.length).store(length_, std::memory_order_relaxed);
        shared(journal.sequence).store(sequence + 1, std::memory_order_release);
        for (std::size_t i = 0; i < length_; ++i) {
            shared(words_of(slot_)[journal.entries[i].word])
                .store(journal.entries[i].value, std::memory_order_release);
        }
        shared(journal.sequence).store(sequence + 2, std::memory_order_release);
    }

  private:
    Slot& slot_;
    std::size_t length_ = 0;
};

// Completes the transaction in which the slot's last holder died, if any. The journal must be valid
// (slot_image.hpp checks it). It may be interrupted and repeated.
inline void replay_journal(Slot& slot) {
    Journal& journal = slot.journal;
    if (journal.sequence % 2 == 0) return;
    for (std::size_t i = 0; i < journal.length; ++i) {
        const JournalEntry& entry = journal.entries[i];
        shared(words_of(slot)[entry.word]).store(entry.value, std::memory_order_release);
    }
    shared(journal.sequence).store(journal.sequence + 1, std::memory_order_release);
}

}  // namespace appcore::store
