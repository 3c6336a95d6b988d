#include "appcore/store/slot_content.hpp"

#include <algorithm>

#include "appcore/store/slot_description.hpp"

namespace appcore::store {
namespace {

constexpr std::size_t kStartsField = offsetof(WorkerWords, starts) / sizeof(Word);
constexpr std::size_t kLogPositionField = offsetof(WorkerWords, log_position) / sizeof(Word);
constexpr std::size_t kLogRingField = offsetof(WorkerWords, log_ring) / sizeof(Word);

// The pending key, and as many of the others as there is place for beside those of `slot`.
void take_over_keys(const SlotImage& image, Slot& slot) {
    const auto add = [&slot](const RequestKey& key) {
        const auto is_free = [](const system::Digest& words) { return words[0] == 0; };
        const auto place = std::ranges::find_if(slot.keys, is_free);
        if (!key.empty() && place != slot.keys.end()) *place = key.words;
    };
    add(pending_key(image));
    const LayoutMap& map = *image.layout;
    for (std::size_t i = 0; i < map.key_count; ++i) {
        add({{image.words[map.keys + 2 * i], image.words[map.keys + 2 * i + 1]}});
    }
}

}  // namespace

std::unique_ptr<Slot> make_slot(pid_t pid, system::WallTime started) {
    auto slot = std::make_unique<Slot>();
    const std::string_view description = kSlotDescription.text();
    const auto started_us = static_cast<Word>(started.time_since_epoch().count());
    const auto pid_word = static_cast<Word>(pid);
    slot->header = {kSlotMagic,
                    kSlotFormat,
                    kSlotLayoutHash,
                    kSlotWords,
                    offsetof(Slot, description) / sizeof(Word),
                    description.size(),
                    {started_us, pid_word}};
    slot->worker.pid = pid_word;
    slot->worker.started_us = started_us;
    slot->worker.starts = 1;
    std::ranges::copy(description, slot->description.begin());
    return slot;
}

RequestKey pending_key(const SlotImage& image) {
    constexpr std::size_t kField = offsetof(WorkerWords, pending) / sizeof(Word);
    return {{image.worker(kField), image.worker(kField + 1)}};
}

void inherit(const SlotImage& found, Slot& slot) {
    if (!found.has_current_layout()) {
        Word& migrated = slot.events[static_cast<std::size_t>(metric::Event::layout_migrated)];
        migrated = std::min(migrated + 1, kMaxCount);
    }
    slot.header.lineage = found.header().lineage;
    slot.worker.starts += found.worker(kStartsField);
    slot.worker.log_position = found.worker(kLogPositionField);
    slot.worker.log_ring = found.worker(kLogRingField);
    take_over_keys(found, slot);
}

}  // namespace appcore::store
