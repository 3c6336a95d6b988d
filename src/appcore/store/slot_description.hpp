// The text inside a slot that says what its words are. The hash of this text is the layout's hash.
//
// Lines of `keyword number number name...`, one space between, each ended by a newline:
//   worker OFFSET 0 FIELD...        one word a field
//   keys OFFSET COUNT               two words each, keys of requests that are counted and may come
//                                   again
//   events OFFSET 0 NAME...         one word an event
//   methods|endpoints|statuses 0 0 LABEL...      the last stands for all others
//   request_bounds_ns|prediction_bounds_ns 0 0 BOUND...
//   outcomes 0 0 LABEL...
//   requests OFFSET STRIDE          a cell for each method and endpoint, endpoints run faster;
//                                   a cell is: sum, a word a bucket (+Inf last), a word a status
//   waits OFFSET STRIDE             a cell for each endpoint: sum of the waiting, a word a bucket,
//                                   sum of the latencies, a word a bucket; by request_bounds_ns
//   callers OFFSET COUNT CLASS...   an entry is: four words of name, a word a class of statuses
//   exemplars OFFSET COUNT          eight words each (ExemplarWords); methods, endpoints and models
//                                   by their place here
//   models OFFSET STRIDE            as many as fit before the next section; an entry is: four words
//                                   of name, sum, a word a bucket, a word an outcome
// Offsets and strides count words.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "appcore/store/slot_layout.hpp"
#include "appcore/system/digest.hpp"

namespace appcore::store {

// The fields of WorkerWords by name, in its order.
inline constexpr std::array<std::string_view, 15> kWorkerFields = {
    "pid",       "started_us", "starts",    "health",       "busy_since_ns", "last_activity_ns",
    "pool_size", "pending_1",  "pending_2", "log_position", "log_ring",      "model_1",
    "model_2",   "model_3",    "model_4"};
static_assert(sizeof(WorkerWords) == kWorkerFields.size() * sizeof(Word));

[[nodiscard]] constexpr Word layout_hash(std::string_view description) {
    return system::fnv1a(description);
}

class SlotDescription {
  public:
    // The description of this build's Slot.
    constexpr SlotDescription() {
        line("worker", offsetof(Slot, worker), 0, kWorkerFields);
        line("keys", offsetof(Slot, keys), kOrphanedKeys, kNone);
        line("events", offsetof(Slot, events), 0, metric::kEventNames);
        line("methods", 0, 0, http::kMethodNames);
        line("endpoints", 0, 0, http::kEndpointPaths);
        begin("statuses", 0, 0);
        for (const http::StatusCode& status : http::kStatusCodes) {
            number(static_cast<Word>(status.code));
        }
        name(metric::kOther);
        put('\n');
        bounds("request_bounds_ns", kSlotBounds);
        bounds("prediction_bounds_ns", kSlotBounds);
        line("outcomes", 0, 0, metric::kOutcomeNames);
        line("requests", offsetof(Slot, requests), sizeof(RequestCell) / sizeof(Word), kNone);
        line("waits", offsetof(Slot, waits), sizeof(WaitCell) / sizeof(Word), kNone);
        line("callers", offsetof(Slot, callers), kCallerEntries, metric::kStatusClassNames);
        line("exemplars", offsetof(Slot, exemplars),
             sizeof(Slot::exemplars) / sizeof(ExemplarWords), kNone);
        line("models", offsetof(Slot, models), sizeof(ModelEntry) / sizeof(Word), kNone);
        line("end", offsetof(Slot, description), 0, kNone);
    }

    [[nodiscard]] constexpr std::string_view text() const { return {text_.data(), size_}; }

  private:
    static constexpr std::span<const std::string_view> kNone{};

    // Beyond the capacity this is not a constant expression, so the build fails.
    constexpr void put(char c) { text_.at(size_++) = c; }

    constexpr void name(std::string_view text) {
        put(' ');
        for (const char c : text) put(c == ' ' || c == '\n' ? text_.at(text_.size()) : c);
    }

    constexpr void number(Word value) {
        std::array<char, 20> digits{};
        std::size_t count = 0;
        do {
            digits.at(count++) = static_cast<char>('0' + value % 10);
            value /= 10;
        } while (value != 0);
        put(' ');
        while (count > 0) put(digits.at(--count));
    }

    constexpr void begin(std::string_view keyword, std::size_t byte_offset, std::size_t second) {
        for (const char c : keyword) put(c);
        number(byte_offset / sizeof(Word));
        number(second);
    }

    constexpr void line(std::string_view keyword, std::size_t byte_offset, std::size_t second,
                        std::span<const std::string_view> names) {
        begin(keyword, byte_offset, second);
        for (const std::string_view text : names) name(text);
        put('\n');
    }

    constexpr void bounds(std::string_view keyword, std::span<const Word> values) {
        begin(keyword, 0, 0);
        for (const Word value : values) number(value);
        put('\n');
    }

    std::array<char, kDescriptionCapacity> text_{};
    std::size_t size_ = 0;
};

inline constexpr SlotDescription kSlotDescription{};
inline constexpr Word kSlotLayoutHash = layout_hash(kSlotDescription.text());

}  // namespace appcore::store
