// Updates of several words of a slot that happen entirely or not at all.
#pragma once

#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <optional>
#include <vector>

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

// How transactions and readings get at shared words. Tests have a memory of their own, in which
// every execution takes place that the C++ memory model allows (tests/unit/weak/).
struct SharedMemory {
    static std::atomic_ref<Word> at(Word& word) { return shared(word); }
};

// Orders of memory, for processors that let stores and loads overtake each other. Each store of the
// slot's holder is a release: whoever has read it, and passed an acquire fence then, sees all that
// was stored before it. A reader (read_words) takes the sequence, all words, and the sequence
// again, with an acquire fence between. If both sequences are n, then
//   - it has seen all that was stored before n was: n is a release, and the first fence follows;
//   - it has seen nothing of the transaction that makes n + 1 of n + 0 or follows that, neither its
//     entries nor its words, once n + 1 is stored: whoever has seen that would, behind the second
//     fence, see n + 1. What comes before n + 1 is stored are the entries of a transaction to come,
//     and only while n is even, when nobody looks at entries.
// So with n even the words are those of an instant, and with n odd the entries are, which replace
// what is being written. Without the release of an entry, the next transaction's could show while
// n is still odd. A kill needs less: the holder's stores in the order of the program, which the
// releases also oblige the compiler to keep.

// One update. Collect it with add() and set(), at most once a word and within the journal's
// capacity, then commit(). Only the slot's holder may use it, one transaction at a time.
template <typename Memory>
class BasicTransaction {
  public:
    explicit BasicTransaction(Slot& slot) : slot_(slot) {}

    void set(Word& word, Word value) {
        assert(length_ < slot_.journal.entries.size());
        JournalEntry& entry = slot_.journal.entries[length_++];
        const auto index = static_cast<Word>(&word - words_of(slot_));
        Memory::at(entry.word).store(index, std::memory_order_release);
        Memory::at(entry.value).store(value, std::memory_order_release);
    }

    void add(Word& word, Word amount) {
        set(word, Memory::at(word).load(std::memory_order_relaxed) + amount);
    }

    void commit() {
        Journal& journal = slot_.journal;
        const Word sequence = Memory::at(journal.sequence).load(std::memory_order_relaxed);
        assert(sequence % 2 == 0);
        Memory::at(journal.length).store(length_, std::memory_order_release);
        Memory::at(journal.sequence).store(sequence + 1, std::memory_order_release);
        for (std::size_t i = 0; i < length_; ++i) {
            Memory::at(words_of(slot_)[journal.entries[i].word])
                .store(journal.entries[i].value, std::memory_order_release);
        }
        Memory::at(journal.sequence).store(sequence + 2, std::memory_order_release);
    }

  private:
    Slot& slot_;
    std::size_t length_ = 0;
};
using Transaction = BasicTransaction<SharedMemory>;

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

// The first `count` words at an instant at which the journal's sequence stood still, with an open
// transaction as it is: complete_transaction() closes it. Nothing if the source fails, or the
// sequence has moved in each of `tries` readings. `source.read(target, bytes, offset)` copies, word
// by word in any order, and tells whether it could; `source.fence()` keeps what follows it behind
// what is before it, as an acquire fence does. The words lie in `words`, whose content is not
// looked at.
template <typename Source>
std::optional<std::vector<Word>> read_words(const Source& source, std::size_t count, int tries,
                                            std::vector<Word> words = {}) {
    constexpr std::size_t kSequenceAt = offsetof(Slot, journal) + offsetof(Journal, sequence);
    words.resize(count);
    for (int i = 0; i < tries; ++i) {
        Word before = 0;
        Word after = 0;
        if (!source.read(&before, sizeof before, kSequenceAt)) return std::nullopt;
        source.fence();  // before the words
        if (!source.read(words.data(), count * sizeof(Word), 0)) return std::nullopt;
        source.fence();  // before the sequence once more
        if (!source.read(&after, sizeof after, kSequenceAt)) return std::nullopt;
        if (before == after) return words;
    }
    return std::nullopt;
}

// Applies the open transaction of words that were read, whose layout ends at `end`. False if the
// journal makes no sense.
[[nodiscard]] inline bool complete_transaction(std::vector<Word>& words, std::size_t end) {
    Journal journal{};
    std::memcpy(&journal, &words[kHeaderWords], sizeof journal);
    if (journal.sequence % 2 == 0) return true;
    if (journal.length > journal.entries.size()) return false;
    for (std::size_t i = 0; i < journal.length; ++i) {
        const JournalEntry& entry = journal.entries[i];
        if (entry.word < kHeaderWords + kJournalWords || entry.word >= end) return false;
        words[entry.word] = entry.value;
    }
    return true;
}

}  // namespace appcore::store
