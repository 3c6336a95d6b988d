// Finds processes that count without a slot, also if the state directory is full or missing.
//
// Each process shows its state in a few words of memory of its own (memfd_create(2)), which no file
// system can refuse. The metrics program finds them by the process's descriptors.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "appcore/store/slot_layout.hpp"
#include "appcore/system/clock.hpp"
#include "appcore/system/file_descriptor.hpp"

namespace appcore::store {

// The same in every version of the programs, which may run side by side for the time of a restart.
struct PresenceWords {
    Word is_attached;
    Word health;  // see Health
    Word started_us;
    Word pool_size;
};

// One a process, made before its sandbox; for one thread. Where the kernel has no memory for it the
// process is as invisible as without.
class Presence {
  public:
    Presence(const std::string& state_directory, const std::string& name, system::WallTime started,
             unsigned pool_size);
    Presence(const Presence&) = delete;
    Presence& operator=(const Presence&) = delete;
    ~Presence();

    void set_health(Health health);
    // Whether there is a slot that says it all. Until this is called the process is not among those
    // without a slot: it has just started, and is about to take one.
    void set_attached(bool is_attached);

  private:
    system::FileDescriptor memory_;
    PresenceWords* words_ = nullptr;
};

// A living process without a slot.
struct Unattached {
    std::string name;
    pid_t pid = 0;
    Health health = Health::unknown;
    system::WallTime started;
    unsigned pool_size = 0;
};

// Those of this user that want their slots in this directory, by name. Looks at every process of
// the machine: to be asked where slots tell of fewer workers than there should be.
[[nodiscard]] std::vector<Unattached> find_unattached(const std::string& state_directory);

}  // namespace appcore::store
