// Sums of what slots have counted by caller: by the name of an API key.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "appcore/store/slot_image.hpp"
#include "appcore/store/slot_layout.hpp"

namespace appcore::store {

struct CallerTotals {
    std::string name;
    std::array<Word, metric::kStatusClassNames.size()> replies{};
};

// In the order in which they were first seen.
using Callers = std::vector<CallerTotals>;

// The sums of this name, added with zeros if they are not there.
[[nodiscard]] CallerTotals& caller(Callers& callers, std::string_view name);

// Adds those of a slot that have counted. False if they are impossible.
[[nodiscard]] bool add_callers(const SlotImage& image, Callers& sums);

void add_callers(const Callers& more, Callers& sums);

// Raises what is below `floor`.
void raise_callers(const Callers& floor, Callers& sums);

// Writes them over those of `slot`. Where there are more than entries, the first ones have the
// entries and the others are added up as "other".
void write_callers(const Callers& callers, Slot& slot);

}  // namespace appcore::store
