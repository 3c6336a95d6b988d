// The files of a slot in the state directory, and who holds it.
//
//   <name>.slot      the counts
//   <name>.lock      locked by the holder; the lock dies with the process
//   <name>.new       a slot being written, renamed to <name>.slot when whole
//   <name>.damaged   what was last found in place of a slot
//
// So a slot has four files at most, however often its holder dies. Only the holder may call what
// changes <name>.slot; everyone may read it (slot_image.hpp).
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "appcore/result.hpp"
#include "appcore/store/slot_layout.hpp"
#include "appcore/system/file_descriptor.hpp"

namespace appcore::store {

inline constexpr std::size_t kMaxSlots = 256;  // read per directory: four times the largest pool

// What a process may wait that others wait for.
inline constexpr std::chrono::milliseconds kMoment{50};

// A slot in shared memory; unmapped at its end.
class MappedSlot {
  public:
    MappedSlot() = default;
    MappedSlot(Slot* slot, std::uint64_t inode) : slot_(slot), inode_(inode) {}
    MappedSlot(const MappedSlot&) = delete;
    MappedSlot& operator=(const MappedSlot&) = delete;
    MappedSlot(MappedSlot&& other) noexcept;
    MappedSlot& operator=(MappedSlot&& other) noexcept;
    ~MappedSlot();

    [[nodiscard]] Slot* get() const { return slot_; }
    // The file that is mapped, whatever stands at its path by now.
    [[nodiscard]] std::uint64_t inode() const { return inode_; }

  private:
    Slot* slot_ = nullptr;
    std::uint64_t inode_ = 0;
};

// The file of the slot `name`.
[[nodiscard]] std::string slot_file(std::string_view name);

// Whether `name` is letters, digits, '-' and '_', 1 to 64 of them.
[[nodiscard]] bool is_slot_name(std::string_view name);

[[nodiscard]] Result<system::FileDescriptor> open_state_directory(const std::string& path);

// Takes the slot's lock, held until the descriptor is closed. Fails if a living process holds it
// for longer than that. The metrics program does so for an instant at a time, to look after the log
// lines of dead processes (left_lines.hpp); on a busy machine an instant may be long.
[[nodiscard]] Result<system::FileDescriptor> lock_slot(
    int directory, const std::string& name, std::chrono::milliseconds longest_wait = kMoment);

// Whether this is still the lock of the slot, and not of a file that has been removed.
[[nodiscard]] bool is_lock_of(const system::FileDescriptor& lock, int directory,
                              const std::string& name);

// Whether a living process holds the slot. Does not touch the lock.
[[nodiscard]] bool is_slot_held(int directory, const std::string& name);

// The names of the slots that have a file, sorted, kMaxSlots at most.
[[nodiscard]] Result<std::vector<std::string>> list_slots(int directory);

// Maps the slot's file for writing, with all its blocks allocated. It must be intact and of this
// build's layout.
[[nodiscard]] Result<MappedSlot> map_slot(int directory, const std::string& name);

// Puts a file with this content in the place of the slot's file, at once, and maps it. On failure
// the slot's file is as before.
[[nodiscard]] Result<MappedSlot> replace_slot(int directory, const std::string& name,
                                              const Slot& content);

// Renames the slot's file out of the way. The one set aside before it is lost.
[[nodiscard]] Status set_slot_aside(int directory, const std::string& name);

// Whether the slot's file is no longer the one with this inode, for sure: where that cannot be seen
// now, for lack of descriptors say, it may still be there, and is.
[[nodiscard]] bool is_slot_gone(const std::string& state_directory, const std::string& name,
                                std::uint64_t inode);

}  // namespace appcore::store
