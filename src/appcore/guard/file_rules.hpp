// Which files a process may still open once it serves: Landlock (landlock(7)), Linux 5.13 and
// later.
#pragma once

#include <string>

#include "appcore/result.hpp"

namespace appcore::guard {

struct FileRules {
    std::string state_directory;  // slots: listed, read, written, made, renamed, removed
    std::string log_file;         // appended to, and made after a rotation; empty: none
};

// Takes from the calling thread, and from threads that it starts later, for ever: every file and
// directory but those that `rules` name, programs, links, devices, TCP, abstract Unix sockets and
// signals to processes outside. What is open already stays usable. Sets PR_SET_NO_NEW_PRIVS, which
// the kernel asks for. So call it while the process has one thread, and after what else it reads.
//
// A directory that is removed and made again is another one to the kernel. Operators do that, so
// the rules are for the parent of each directory, unless that is "/" or anybody may write there:
// then for the directory itself. A path that does not exist has no rule.
//
// Fails where the kernel has no Landlock, or a container forbids it; then nothing is restricted.
[[nodiscard]] Status restrict_files(const FileRules& rules);

}  // namespace appcore::guard
