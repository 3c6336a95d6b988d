// A slot: the file in shared memory in which one worker counts. It consists of 64-bit words only.
//
// One process writes (the holder of the slot's lock), any number read. Header and journal are the
// same in every layout of this format. All else may differ from build to build; the file describes
// it in its own text (slot_description.hpp), so that a build can read the slots of another.
//
// An update that concerns several words is a transaction (journal.hpp): the journal holds the new
// values, and its sequence number is odd exactly while they stand in for the words themselves. So
// at every instant, and after a kill at any instruction, a slot holds the whole update or nothing
// of it.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "appcore/http/endpoint.hpp"
#include "appcore/http/method.hpp"
#include "appcore/http/status.hpp"
#include "appcore/store/duration_buckets.hpp"
#include "appcore/store/entry_name.hpp"
#include "appcore/store/metric_names.hpp"

namespace appcore::store {

using Word = std::uint64_t;
static_assert(std::atomic_ref<Word>::is_always_lock_free, "processes share the words");

// Durations are nanoseconds. A negative one, by a clock that was set back, is 0.
[[nodiscard]] constexpr Word to_word(std::chrono::nanoseconds time) {
    return static_cast<Word>(std::max<std::chrono::nanoseconds::rep>(time.count(), 0));
}

inline constexpr std::size_t kCacheLine = 64;  // x86-64 and most of arm64

inline constexpr Word kSlotMagic = 0x0a544f4c53505041;  // "APPSLOT\n" in the file
inline constexpr Word kSlotFormat = 1;  // of header, journal and the description's grammar

struct SlotHeader {
    Word magic;
    Word format;
    Word layout_hash;  // FNV-1a of the description
    Word words;        // the whole file's size
    Word description_word;
    Word description_bytes;
    // Told apart by the first holder's start and pid. It stays when the slot moves to another file
    // or layout, and is new when counting started again.
    std::array<Word, 2> lineage;
};

struct JournalEntry {
    Word word;  // index from the slot's start
    Word value;
};

struct Journal {
    Word sequence;  // odd: the entries hold, whatever the words say
    Word length;
    std::array<JournalEntry, 15> entries;  // the largest transaction has 15
};

// Gauges, each valid by itself. Times are nanoseconds of the steady clock, 0 for "none".
struct WorkerWords {
    Word pid;         // 0 once its holder has left in good order
    Word started_us;  // since the epoch
    Word starts;      // a counter
    Word health;      // see Health
    Word busy_since_ns;
    Word last_activity_ns;
    Word pool_size;  // workers that its pool should have
    // The key of the request that is counted and whose reply has not been handed to the kernel; the
    // first word is 0 if there is none. After a kill, whoever repeats the request finds it here.
    std::array<Word, 2> pending;
    // The log's ring beside the slot (log/ring.hpp) holds lines up to this position that belong to
    // what is counted, if it is the ring of this identity.
    Word log_position;
    Word log_ring;
    EntryName model;  // the version that it predicts with, whatever entry counts it
};

// A larger count is impossible: the last integer that a sample can show exactly.
inline constexpr Word kMaxCount = Word{1} << 53U;

enum class Health : unsigned char { unknown, healthy, unhealthy };

// A process that dies leaves one pending key at most, which its successor moves here. A second try
// comes within seconds, and hardly any place dies more often while it is on its way.
inline constexpr std::size_t kOrphanedKeys = 16;

inline constexpr std::size_t kStatusLabels = http::kStatusCodes.size() + 1;  // the last: other

// By kSlotBounds, not cumulative.
using Buckets = std::array<Word, kSlotBuckets>;

// The replies of a cell add up to its buckets.
struct alignas(kCacheLine) RequestCell {
    Word sum_ns;
    Buckets buckets;
    std::array<Word, kStatusLabels> replies;
};

// The outcomes of a cell add up to its buckets.
struct PredictionCell {
    Word sum_ns;
    Buckets buckets;
    std::array<Word, metric::kOutcomeNames.size()> outcomes;
};

struct Durations {
    Word sum_ns;
    Buckets buckets;
};

// Of the requests to an endpoint. `wait`: until a worker begins, where that is known; `latency`:
// the same and the worker's own time, of each.
struct alignas(kCacheLine) WaitCell {
    Durations wait;
    Durations latency;
};

// A request that stands for what counted it (exemplar.hpp).
struct alignas(kCacheLine) ExemplarWords {
    Word check;  // of the following words; 0: there is none
    std::array<Word, 2> trace_id;
    Word time_us;  // since the epoch
    Word labels;   // its method, endpoint and model, and which of the times are known
    Word duration_ns;
    Word wait_ns;
    Word prediction_ns;
};
inline constexpr std::size_t kExemplarWords = sizeof(ExemplarWords) / sizeof(Word);

using ExemplarBuckets = std::array<ExemplarWords, kFineBounds.size() + 1>;  // by latency

inline constexpr std::size_t kModelEntries = 32;  // versions remembered; the last is "other"

// Entries are filled from the first on; an entry without a name is free. One that has a name keeps
// it as long as there is the slot, because a count that has been shown stays in its series: what
// finds no free entry counts as "other".
struct alignas(kCacheLine) ModelEntry {
    EntryName name;
    PredictionCell cell;
};

inline constexpr std::size_t kCallerEntries = 32;  // names remembered; the last is "other"

// Of one name of API keys: replies by class. Entries are filled as above.
struct alignas(kCacheLine) CallerEntry {
    EntryName name;
    std::array<Word, metric::kStatusClassNames.size()> replies;
};

inline constexpr std::size_t kDescriptionCapacity = 6144;  // about twice what is used

struct Slot {
    alignas(kCacheLine) SlotHeader header;
    alignas(kCacheLine) Journal journal;
    alignas(kCacheLine) WorkerWords worker;
    alignas(kCacheLine) std::array<std::array<Word, 2>, kOrphanedKeys> keys;
    alignas(kCacheLine) std::array<Word, metric::kEventNames.size()> events;
    std::array<std::array<RequestCell, http::kEndpointCount>, http::kMethodNames.size()> requests;
    std::array<WaitCell, http::kEndpointCount> waits;
    std::array<CallerEntry, kCallerEntries> callers;
    std::array<ExemplarBuckets, 2> exemplars;  // of predictions, of all other requests
    std::array<ModelEntry, kModelEntries> models;
    alignas(kCacheLine) std::array<char, kDescriptionCapacity> description;
};

inline constexpr std::size_t kSlotWords = sizeof(Slot) / sizeof(Word);
inline constexpr std::size_t kHeaderWords = sizeof(SlotHeader) / sizeof(Word);
inline constexpr std::size_t kJournalWords = sizeof(Journal) / sizeof(Word);

static_assert(std::is_trivial_v<Slot> && std::is_standard_layout_v<Slot>);
static_assert(offsetof(Slot, journal) == kHeaderWords * sizeof(Word), "the same in every layout");
static_assert(offsetof(Slot, worker) == offsetof(Slot, journal) + sizeof(Journal));

}  // namespace appcore::store
