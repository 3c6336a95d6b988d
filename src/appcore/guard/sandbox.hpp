// What a process may still ask of the kernel once it serves.
#pragma once

#include "appcore/result.hpp"

namespace appcore::guard {

// Takes away for ever what serving does not need: gaining privileges (PR_SET_NO_NEW_PRIVS) and, by
// a seccomp filter, programs and processes (execve, fork), sockets of its own, other processes'
// memory, and whatever else is not on the list in sandbox.cpp. Files can be opened for writing only
// to append (the log) or in the state directory's own way (sandbox.cpp says which). A call that is
// not allowed fails with EPERM, which the caller reports like any failure; a kill would turn an
// oversight into an outage.
//
// Threads that run already are bound, too. Fails where the kernel has no seccomp: the process is as
// before then, but for the privileges.
[[nodiscard]] Status enter_sandbox();

}  // namespace appcore::guard
