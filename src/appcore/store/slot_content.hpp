// What a new slot's file begins with.
#pragma once

#include <sys/types.h>

#include <memory>

#include "appcore/store/request_key.hpp"
#include "appcore/store/slot_image.hpp"
#include "appcore/store/slot_layout.hpp"
#include "appcore/system/clock.hpp"

namespace appcore::store {

// A slot of this build's layout that has counted nothing, held for the first time by this process.
[[nodiscard]] std::unique_ptr<Slot> make_slot(pid_t pid, system::WallTime started);

// The key of the request that the slot's holder has counted without having handed over the reply,
// or none.
[[nodiscard]] RequestKey pending_key(const SlotImage& image);

// Lets `slot` inherit from the slot in `found`, whatever its layout: lineage, starts and the
// keys of requests that may come again go on, and another layout counts as migrated. The counts are
// not concerned; see write_totals (totals.hpp).
void inherit(const SlotImage& found, Slot& slot);

}  // namespace appcore::store
