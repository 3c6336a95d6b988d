// What a process may still ask of the kernel once it serves.
#pragma once

#include "appcore/result.hpp"

namespace appcore::guard {

// Takes away for ever what serving does not need: gaining privileges (PR_SET_NO_NEW_PRIVS) and, by
// a seccomp filter, programs, processes and threads, sockets of its own, signals to others, other
// processes' memory, executable memory, and whatever else is not on the list in sandbox.cpp.
// seccomp sees flags and not paths: which files may be opened is for restrict_files()
// (file_rules.hpp); without it files can be opened to read, to append, and with O_RDWR below an
// open directory. A call that is not allowed fails with EPERM, which the caller reports like any
// failure; a kill would turn an oversight into an outage.
//
// Threads that run already are bound, too. Fails where the kernel has no seccomp: the process is as
// before then, but for the privileges.
[[nodiscard]] Status enter_sandbox();

}  // namespace appcore::guard
