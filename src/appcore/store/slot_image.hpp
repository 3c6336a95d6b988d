// Reading a slot's file as it stands at one instant, without disturbing its writer.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "appcore/result.hpp"
#include "appcore/store/layout_map.hpp"
#include "appcore/store/slot_layout.hpp"

namespace appcore::store {

// A consistent copy of a slot: transactions are in it entirely or not at all.
struct SlotImage {
    std::vector<Word> words;
    std::shared_ptr<const LayoutMap> layout;

    [[nodiscard]] SlotHeader header() const;
    [[nodiscard]] bool has_current_layout() const;
    // A field of the worker by its index in kWorkerFields; 0 if the slot's layout lacks it.
    [[nodiscard]] Word worker(std::size_t field) const;
    // The version of the model that the worker predicts with; empty if the slot does not say it, or
    // what it says is not text.
    [[nodiscard]] std::string model_version() const;
};

// Checks header, description and journal, and completes an open transaction. The numbers themselves
// are checked by read_totals (totals.hpp). Fails with what is wrong about the words.
[[nodiscard]] Result<SlotImage> decode_slot(std::vector<Word> words);

enum class SlotState {
    intact,
    absent,      // there is no such file
    damaged,     // there is something else than a slot
    unreadable,  // it may be intact but cannot be read now
};

struct SlotReading {
    SlotState state;
    SlotImage image;     // if intact
    std::string reason;  // if damaged or unreadable
};

// Reads `file` in the open directory `directory`. Never waits for the writer: a file that changes
// whenever it is read is unreadable this time. `memory`, whatever stands in it, is used for the
// image's words.
[[nodiscard]] SlotReading read_slot(int directory, const std::string& file,
                                    std::vector<Word> memory = {});

}  // namespace appcore::store
