// The files of rings in the state directory.
//
//   <name>.log-ring      the ring of the process that holds the slot <name>
//   <name>.log-left      a ring whose place nobody has taken again; the metrics program writes it
//   <name>.log-damaged   what was last found in place of a ring
//
// So a place has three at most. All of them may be changed by the holder of the slot's lock only; a
// ring that is left belongs to the metrics program.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appcore/log/ring.hpp"
#include "appcore/result.hpp"

namespace appcore::log {

// What the slot says of the ring beside it.
struct RingMark {
    std::uint64_t identity = 0;
    Position position = 0;
};

struct RingReading {
    std::shared_ptr<Ring> ring;
    std::string problem;  // what was set aside and why, if something was
};

// The ring of a place, taken over from its last holder with all lines that count according to
// `mark`, or a new one. The caller holds the slot's lock, `lock`, which lives as long as the ring.
[[nodiscard]] Result<RingReading> take_ring(const std::string& state_directory,
                                            const std::string& name, const RingMark& mark,
                                            std::shared_ptr<const void> lock);

// Whether the ring of a place holds lines that have not been written, or may do so.
[[nodiscard]] bool has_lines(int directory, const std::string& name, const RingMark& mark);

// Puts the ring of a place that nobody holds out of its next holder's way. The caller holds the
// slot's lock. Fails if a ring has been left there already. Returns what was set aside instead and
// why; empty if nothing was.
[[nodiscard]] Result<std::string> leave_ring(int directory, const std::string& name,
                                             const RingMark& mark);

// The places whose ring has been left, and such a ring.
[[nodiscard]] std::vector<std::string> list_left_rings(int directory);
[[nodiscard]] Result<RingReading> open_left_ring(int directory, const std::string& name);
void remove_left_ring(int directory, const std::string& name);

}  // namespace appcore::log
